// graphql-codegen and TypeScript: what front-end developers build from the schema compiles.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

import { SCALARS, generate } from '../codegen.js';
import { SCHEMA, read } from '../files.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const GENERATED = path.join(ROOT, 'generated');

function compile() {
  const { status, stdout, stderr } = spawnSync(path.join(ROOT, 'node_modules/.bin/tsc'), {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

describe('graphql-codegen', { concurrency: false }, () => {
  it('generates types for the schema and the examples, and a dashboard compiles with them', async () => {
    rmSync(GENERATED, { recursive: true, force: true });
    await generate(GENERATED);
    assert.deepEqual(compile(), { status: 0, output: '' });
  });

  it('knows every scalar', async () => {
    const { EventCursor: _, ...scalars } = SCALARS;
    await assert.rejects(generate(path.join(GENERATED, 'unknown'), { scalars }), /EventCursor/);
  });

  /** The judge itself. */
  it('shows where the schema is another than a dashboard was written for', async () => {
    const schema = read(SCHEMA).replace(/(?<=type Query \{[^]*?\teventCursor: )EventCursor!/, 'Int!');
    assert.notEqual(schema, read(SCHEMA));
    await generate(GENERATED, { schema });
    assert.match(compile().output, /dashboard\.ts/);
  });
});
