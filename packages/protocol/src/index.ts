export * from './close-codes.ts';
export * from './ids.ts';
export * from './legacy.ts';
export * from './limits.ts';
export * from './rules.ts';
export * from './v1.ts';
