/** Of k6's own globals @types/k6 lacks this one. */
declare const console: { error(text: string): void };
