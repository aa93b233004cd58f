import { encodeFrame, type Fault, type Ref } from '@encke/protocol';

/** [V12] The answer to a question that this device may not ask. */
export const refused = (ref: Ref, { text: message }: Fault): string =>
  encodeFrame({ type: 'refused', ref, code: 'not-allowed', message });
