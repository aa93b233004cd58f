/** Log lines for a person: `12:03:44 gateway-1 warn: Redis is away  error="…"`. */
export function createPlainStream(out: { write(text: string): unknown }) {
  return {
    write(line: string): void {
      out.write(plainLine(line));
    },
  };
}

function plainLine(line: string): string {
  const { time, level, process, msg, err, ...rest } = JSON.parse(line);
  const fields = Object.entries(rest).map(([name, value]) => `  ${name}=${JSON.stringify(value)}`);
  const stack = err?.stack ?? err?.message;
  return `${String(time).slice(11, 19)} ${process} ${level}: ${msg ?? ''}${fields.join('')}\n${
    stack ? `${stack}\n` : ''
  }`;
}
