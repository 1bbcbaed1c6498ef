// Which earlier schema is chosen, in repositories as they come.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { earlier } from '../base.js';

describe('what the schema is compared with', () => {
  let scratch, root;
  const write = (schema) => writeFileSync(path.join(root, 'schema.graphql'), `${schema}\n`);
  const git = (...args) => {
    const who = ['-c', 'user.name=somebody', '-c', 'user.email=somebody@example.org', '-c', 'init.defaultBranch=main'];
    return execFileSync('git', [...who, ...args], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  };
  const commit = (schema) => {
    write(schema);
    git('add', '.');
    git('commit', '--quiet', '--allow-empty', '--message', schema);
  };
  const cloned = (...args) => {
    const from = root;
    root = path.join(scratch, 'clone');
    mkdirSync(root);
    git('clone', '--quiet', ...args, `file://${from}`, '.');
  };
  const chosen = (base = '') => earlier(root, base)?.schema ?? null;

  beforeEach(() => {
    scratch = mkdtempSync(path.join(tmpdir(), 'opsgate-contract-'));
    root = path.join(scratch, 'origin');
    mkdirSync(root);
    git('init', '--quiet');
    for (const schema of ['one', 'two', 'three']) commit(schema);
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  it('is the schema before its last change, on a clean main', () => {
    assert.equal(chosen(), 'two');
    commit('three');
    assert.equal(chosen(), 'two');
    cloned();
    assert.equal(chosen(), 'two');
  });

  it('is the last commit, before one is made', () => {
    write('four');
    assert.equal(chosen(), 'three');
  });

  it('is where a branch left main, however much either went on', () => {
    cloned();
    git('switch', '--quiet', '--create', 'branch');
    for (const schema of ['four', 'five']) commit(schema);
    assert.equal(chosen(), 'three');
    const clone = root;
    root = path.join(scratch, 'origin');
    commit('elsewhere');
    root = clone;
    git('fetch', '--quiet');
    assert.equal(chosen(), 'three');
  });

  it('is what CI says', () => {
    assert.equal(chosen(git('rev-parse', 'HEAD~2')), 'one');
    assert.equal(chosen('0'.repeat(40)), 'two');
    assert.throws(() => chosen('f'.repeat(40)), /not enough history/);
  });

  it('is nothing where there has been one schema only', () => {
    root = path.join(scratch, 'young');
    mkdirSync(root);
    git('init', '--quiet');
    commit('one');
    assert.equal(chosen(), null);
  });

  it('is refused where history is cut short of it, and never taken for nothing', () => {
    cloned('--depth=1');
    assert.throws(() => chosen(), /not enough history.*fetch-depth/);
  });
});
