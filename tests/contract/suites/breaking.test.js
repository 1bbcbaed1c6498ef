// schema.graphql breaks nobody: graphql-inspector compares it with the schema before it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import acknowledgements from '../acknowledged.json' with { type: 'json' };
import { earlier } from '../base.js';
import { compare, unacknowledged } from '../breaking.js';
import { ROOT, SCHEMA, read } from '../files.js';

describe('the contract', () => {
  it('breaks nobody, or says why', async (test) => {
    const before = earlier(ROOT);
    if (!before) return test.diagnostic('compared with nothing: the schema has never been another');
    const { changes, breaking } = await compare(before.schema, read(SCHEMA));
    test.diagnostic(`compared with ${before.commit}: ${changes.length} changes, ${breaking.length} of them breaking`);
    const entries = unacknowledged(breaking, before.acknowledged, acknowledgements);
    assert.deepEqual(
      entries,
      [],
      'schema.graphql breaks clients; mend it, or add to tests/contract/acknowledged.json, with a "reason" each:\n' +
        JSON.stringify(entries, null, 2),
    );
  });
});

/** The judge itself: schemas that were tampered with. */
describe('the comparison', () => {
  const schema = read(SCHEMA);
  const tamper = (from, to) => {
    const tampered = schema.replace(from, to);
    assert.notEqual(tampered, schema);
    return compare(schema, tampered);
  };
  const paths = ({ breaking }) => breaking.map(({ path }) => path);

  it('finds nothing in what is the same', async () => {
    assert.deepEqual(await compare(schema, schema), { changes: [], breaking: [] });
  });

  const breaks = {
    'a field that is gone': [/\t"Its name\."\n\tname: String!\n(?=\t"How much of it)/, '', 'AffectedService.name'],
    'a field that may be null now': [/(?<=type Viewer \{[^}]*actor: Actor)!/, '', 'Viewer.actor'],
    'an argument that must be given': [
      'incidentByNumber(',
      'incidentByNumber(year: Int!, ',
      'Query.incidentByNumber.year',
    ],
    'an input that must be given': [
      /(?<=input IncidentCreateInput \{[^}]*description: String)\n/,
      '!\n',
      'IncidentCreateInput.description',
    ],
    'a value of an enum that is gone': [/\t"[^"]*"\n\tMANY\n/, '', 'IncidentImpact.MANY'],
    'a permission that is another': [
      'systemHealth: SystemHealth! @requires(permission: "monitoring.read")',
      'systemHealth: SystemHealth! @requires(permission: "monitoring.manage")',
      'Query.systemHealth.@requires.permission',
    ],
    'a second factor': [
      'systemHealth: SystemHealth! @requires(permission: "monitoring.read")',
      'systemHealth: SystemHealth! @requires(permission: "monitoring.read", stepUp: true)',
      'Query.systemHealth.@requires.stepUp',
    ],
    'a permission where none was asked for': [
      'viewer: Viewer! @authenticated',
      'viewer: Viewer! @requires(permission: "a.b")',
      'Query.viewer.@requires',
    ],
  };
  for (const [what, [from, to, path]] of Object.entries(breaks)) {
    it(`finds ${what}`, async () => {
      const found = paths(await tamper(from, to));
      assert.ok(found.includes(path), `${path} isn't among ${JSON.stringify(found)}`);
    });
  }

  it('lets the schema grow', async () => {
    const { changes, breaking } = await tamper(
      'viewer: Viewer! @authenticated',
      'viewer: Viewer! @authenticated\n\tgreeting(name: String): String! @requires(permission: "a.b")',
    );
    assert.ok(changes.length > 0);
    assert.deepEqual(breaking, []);
  });
});

describe('an acknowledgement', () => {
  const change = { path: 'Query.greeting', message: "Field 'greeting' was removed from object type 'Query'" };
  const entry = { ...change, reason: 'nobody greets' };

  it('is for the change that it names', () => {
    assert.deepEqual(unacknowledged([change], [], []), [change]);
    assert.deepEqual(unacknowledged([change], [], [entry]), []);
    assert.deepEqual(unacknowledged([change], [], [{ ...entry, path: 'Query.farewell' }]), [change]);
  });

  it('is for this time', () => {
    assert.deepEqual(unacknowledged([change], [entry], [entry]), [change]);
    assert.deepEqual(unacknowledged([change], [entry], [entry, { ...entry, reason: 'again' }]), []);
  });

  it('gives a reason', () => {
    assert.throws(() => unacknowledged([change], [], [change]), /no reason/);
    assert.throws(() => unacknowledged([], [], [{ ...entry, reason: ' ' }]), /no reason/);
  });
});
