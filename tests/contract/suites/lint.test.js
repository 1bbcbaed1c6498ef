// graphql-eslint: the schema by its own rules and Relay's, GraphiQL's examples by those for operations.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import path from 'node:path';
import { ESLint } from 'eslint';

import { EXAMPLES, ROOT, SCHEMA, examples, read } from '../files.js';

const eslint = new ESLint({ cwd: ROOT, overrideConfigFile: path.join(import.meta.dirname, '../eslint.config.js') });
const judge = async (filePath, text) => {
  const found = await eslint.lintText(text, { filePath: path.join(ROOT, filePath) });
  return found.flatMap(({ messages }) =>
    messages.map(({ line, ruleId, message }) => ({ at: `${filePath}:${line}`, ruleId, message })),
  );
};

describe('graphql-eslint', () => {
  it('has nothing to say of the schema', async () => {
    assert.deepEqual(await judge(SCHEMA, read(SCHEMA)), []);
  });

  for (const example of examples()) {
    it(`has nothing to say of ${example}`, async () => {
      assert.deepEqual(await judge(example, read(example)), []);
    });
  }

  /** The judge itself. */
  const faults = {
    'a name in another style': ['type Oddity { "A name." a_name: String }', 'naming-convention'],
    'a type that nothing leads to': ['"Odd." type Oddity { "A name." name: String }', 'no-unreachable-types'],
    'a connection that is none': ['"Odd." type OddityConnection { "Things." things: Int }', 'relay-connection-types'],
    'a field without a description': ['"Odd." type Oddity { name: String }', 'require-description'],
    'an argument without a description': [
      '"Odd." type Oddity { "A name." name(of: String): String }',
      'no-restricted-syntax',
    ],
    'an input without a description': ['"Odd." input Oddity { name: String }', 'no-restricted-syntax'],
  };
  for (const [what, [text, rule]] of Object.entries(faults)) {
    it(`finds ${what}`, async () => {
      const found = await judge(SCHEMA, `${read(SCHEMA)}\n${text}\n`);
      assert.ok(
        found.some(({ ruleId }) => ruleId?.endsWith(rule)),
        JSON.stringify(found),
      );
    });
  }

  it('finds an operation that selects what is not there', async () => {
    const found = await judge(`${EXAMPLES}/front-end/odd.graphql`, 'query Oddity { viewer { oddity } }');
    assert.ok(
      found.some(({ ruleId }) => ruleId?.endsWith('fields-on-correct-type')),
      JSON.stringify(found),
    );
  });
});
