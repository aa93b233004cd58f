export { type Admin, type AdminOptions, startAdmin } from './admin.ts';
export {
  type Config,
  ConfigError,
  type ConfigFault,
  loadConfig,
  type RedisConfig,
  unknownVariables,
  variables,
} from './config.ts';
export { trackHandshakes } from './handshakes.ts';
export { type Context, hostFault, type Running, runProcess } from './lifecycle.ts';
export { createLog, type Log } from './log.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { OutageLog } from './outage-log.ts';
export { readSetting, readTls, readTogether, type Tls } from './pem.ts';
export { webSocketRequest } from './web-socket-request.ts';
