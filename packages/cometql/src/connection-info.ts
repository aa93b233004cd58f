/** What `SHOW PROCESSLIST` says of one connection. */
export interface ConnectionInfo {
  readonly id: number;
  readonly user: string;
  /** Address and port of the peer. */
  readonly host: string;
  readonly database: string;
  /** `Query` while something is carried out, else `Sleep`. */
  readonly command: 'Query' | 'Sleep';
  /** Seconds in this state. */
  readonly seconds: number;
}
