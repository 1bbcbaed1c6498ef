// What is judged.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The repository. */
export const ROOT = path.resolve(import.meta.dirname, '../..');
/** The contract, from there. */
export const SCHEMA = 'schema.graphql';
/** Operations as people write them: GraphiQL's examples, from there. */
export const EXAMPLES = 'graphiql/examples';

export const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');

export const examples = () =>
  readdirSync(path.join(ROOT, EXAMPLES), { recursive: true })
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => path.join(EXAMPLES, file));
