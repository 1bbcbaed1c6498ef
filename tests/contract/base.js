// Which earlier schema this one is compared with.
//
// On a branch, that of the place where it left main. On main itself, which has nothing to leave, the schema as it was
// before it was last changed: committed or not, that is the latest committed version that differs. CI knows better
// what was there before a push of several commits, and says so by SCHEMA_BASE.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { SCHEMA } from './files.js';

const ACKNOWLEDGED = 'tests/contract/acknowledged.json';
const NO_COMMIT = /^0*$/;

/** The commit, its schema and what was acknowledged then; null where the schema has never been another. */
export function earlier(root, base = process.env.SCHEMA_BASE ?? '') {
  const git = (...args) =>
    // A container's checkout may belong to another user.
    execFileSync('git', ['-c', 'safe.directory=*', ...args], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trimEnd();
  const attempt = (...args) => {
    try {
      return git(...args);
    } catch {
      return null;
    }
  };
  const at = (commit) => ({
    commit: git('rev-parse', '--short', commit),
    schema: git('show', `${commit}:${SCHEMA}`),
    acknowledged: JSON.parse(attempt('show', `${commit}:${ACKNOWLEDGED}`) ?? '[]'),
  });

  if (!NO_COMMIT.test(base)) {
    if (attempt('cat-file', '-e', `${base}:${SCHEMA}`) === null)
      throw missing(`SCHEMA_BASE is ${base}, which isn't in it`);
    return at(base);
  }
  const isShallow = git('rev-parse', '--is-shallow-repository') === 'true';
  const fork = attempt('merge-base', 'HEAD', 'origin/main');
  if (!fork && isShallow && attempt('rev-parse', 'origin/main'))
    throw missing('the place where it left main is not in it');
  if (fork && fork !== git('rev-parse', 'HEAD')) return at(fork);

  const now = readFileSync(path.join(root, SCHEMA), 'utf8').trimEnd();
  const commits = git('log', '--max-count=2', '--format=%H', '--', SCHEMA).split('\n').filter(Boolean);
  const differing = commits.map(at).find(({ schema }) => schema !== now);
  if (!differing && isShallow) throw missing('no earlier schema is in it');
  return differing ?? null;
}

const missing = (what) =>
  new Error(
    `this clone has not enough history to compare with: ${what} (git fetch --unshallow; in CI, fetch-depth: 0)`,
  );
