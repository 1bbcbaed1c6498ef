// docs/clients.md shows what is tested: its code stands in the files that it names, its operations are valid. So does the
// code of docs/persisted-documents.md.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { buildSchema, parse, validate } from 'graphql';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const BLOCK = /^(?:<!-- (?<file>\S+) -->\n)?```(?<language>\w+)\n(?<text>[^]*?)^```$/gm;

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');

describe('docs/clients.md', () => {
  const blocks = [...read('docs/clients.md').matchAll(BLOCK)].map(({ groups }) => groups);
  const schema = buildSchema(read('schema.graphql'));

  it('shows every client', () => {
    const files = blocks.flatMap(({ file }) => file ?? []);
    for (const name of ['live.js', 'apollo.js', 'urql.js', 'incidents.py']) {
      assert.ok(files.includes(`tests/clients/snippets/${name}`), name);
    }
  });

  for (const { file, language, text } of blocks) {
    it(`is right in "${text.split('\n')[0]}"`, () => {
      if (language === 'graphql') return assert.deepEqual(validate(schema, parse(text)), []);
      assert.ok(file, 'the code stands in no file that is tested');
      assert.ok(read(file).includes(text), `${file} has other code`);
    });
  }
});

it('docs/persisted-documents.md is right', () => {
  const blocks = [...read('docs/persisted-documents.md').matchAll(BLOCK)].filter(({ groups }) => groups.file);
  assert.equal(blocks.length, 1);
  for (const { groups } of blocks) assert.ok(read(groups.file).includes(groups.text), groups.file);
});
