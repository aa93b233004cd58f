export { startIngest } from './ingest.ts';
