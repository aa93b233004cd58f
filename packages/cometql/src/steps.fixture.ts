import assert from 'node:assert/strict';
import type { Parameter } from './caller.ts';
import type { Language } from './cometql.fixture.ts';

/** The result: `[affected rows, insert id]`, rows, or `errno text`. */
export type Step = readonly [statement: string, result: unknown, ...parameters: Parameter[]];

/** Statements that follow each other, each with its literal result. */
export async function follow(language: Language, steps: readonly Step[]): Promise<void> {
  for (const [statement, result, ...parameters] of steps)
    assert.deepEqual(await language.brief(statement, ...parameters), result, statement);
}
