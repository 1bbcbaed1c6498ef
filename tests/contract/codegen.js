// Types for front-end developers, from the schema and from operations, as graphql-codegen makes them.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typedDocumentNode from '@graphql-codegen/typed-document-node';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { parse } from 'graphql';

import { SCHEMA, examples, read } from './files.js';

const pluginMap = { typedDocumentNode, typescript, typescriptOperations };

/** What the scalars are in JSON. A scalar that isn't among them is refused. */
export const SCALARS = {
  Cursor: 'string',
  DateTime: 'string',
  Decimal: 'string',
  EventCursor: 'string',
  JSON: 'unknown',
  UUID: 'string',
};

/** Writes `schema.ts`, all types, and `operations.ts`, a typed document for each of GraphiQL's examples. */
export async function generate(directory, { schema = read(SCHEMA), scalars = SCALARS } = {}) {
  const documents = examples().map((location) => ({ location, document: parse(read(location)) }));
  const files = {
    'schema.ts': ['typescript'],
    'operations.ts': ['typescriptOperations', 'typedDocumentNode'],
  };
  mkdirSync(directory, { recursive: true });
  for (const [filename, plugins] of Object.entries(files)) {
    const text = await codegen({
      filename,
      schema: parse(schema),
      documents,
      config: { enumsAsTypes: true, scalars, strictScalars: true, useTypeImports: true },
      plugins: plugins.map((plugin) => ({ [plugin]: {} })),
      pluginMap,
    });
    writeFileSync(path.join(directory, filename), text);
  }
}
