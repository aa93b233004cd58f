export { type Config, ConfigError, loadConfig, unknownVariables } from './config.ts';
export { trackHandshakes } from './handshakes.ts';
export { type Context, hostFault, type Running, runProcess } from './lifecycle.ts';
export { createLog, type Log } from './log.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { OutageLog } from './outage-log.ts';
export { readSetting, readTls, readTogether, type Tls } from './pem.ts';
export { requestTurn } from './request-turn.ts';
export { webSocketRequest } from './web-socket-request.ts';
