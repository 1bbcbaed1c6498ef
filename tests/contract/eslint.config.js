// The rules of graphql-eslint for the schema, for Relay, and for operations. What contradicts the API's style is off, with
// a reason each.

import graphql from '@graphql-eslint/eslint-plugin';
import path from 'node:path';

import { EXAMPLES, ROOT, SCHEMA } from './files.js';

const { configs, parser } = graphql;

const common = {
  languageOptions: {
    parser,
    parserOptions: {
      graphQLConfig: { schema: path.join(ROOT, SCHEMA), documents: path.join(ROOT, EXAMPLES, '**/*.graphql') },
    },
  },
  linterOptions: { reportUnusedDisableDirectives: 'error' },
  plugins: { '@graphql-eslint': graphql },
};

export default [
  {
    ...common,
    files: [SCHEMA],
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      // Beyond what is recommended: everything has a description, mutations take one input of their own and answer
      // with a payload, and of an input with one of several fields none is required.
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          FieldDefinition: true,
          EnumValueDefinition: true,
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...['InputObjectTypeDefinition', 'FieldDefinition'].map((parent) => ({
          selector: `${parent} > InputValueDefinition:not([description])`,
          message: 'A field of an input and an argument of a field have a description.',
        })),
      ],
      '@graphql-eslint/input-name': 'error',
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      '@graphql-eslint/require-nullable-fields-with-oneof': 'error',
      // The file is printed from the code: what fits into a line stands in one, what doesn't is a block.
      '@graphql-eslint/description-style': 'off',
      // What has an identity is a `Node`; an edge, a payload or a count is a value and has none.
      '@graphql-eslint/strict-id-in-types': 'off',
      // What can be paged is a connection, and has `nodes` beside `edges`; permissions or the errors of a mutation are
      // short lists, and whole.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
  {
    ...common,
    files: [`${EXAMPLES}/**/*.graphql`],
    rules: configs['flat/operations-recommended'].rules,
  },
];
