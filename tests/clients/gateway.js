// A gateway of a suite's own: the binary that was built, on a fresh SQLite file, with a token that acts as the owner.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import path from 'node:path';

const binary = process.env.OPSGATE_BINARY ?? new URL('../../target/debug/opsgate', import.meta.url).pathname;

// What revoking a token is in the database; the process reads rights anew when the epoch moves.
const REVOKE = `
import datetime, sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    hit = db.execute('UPDATE api_tokens SET revoked_at = ? WHERE token_hash = ?', (now, bytes.fromhex(sys.argv[2])))
    assert hit.rowcount == 1
    db.execute('UPDATE authz_epoch SET epoch = epoch + 1')
`;

export class Gateway {
  /** The owner's credential. */
  token;
  /** The link that the first start prints. */
  invitation;
  /** A demo's credentials, by the kinds of users whose they are. */
  tokens = {};
  /** Where GraphQL is. */
  url;

  #dir;
  #settings;
  #flags;
  #process;

  /** Starts one; `settings` are by their names in the configuration file, `flags` those of `opsgate serve`. */
  static async start(settings = {}, flags = []) {
    const gateway = new Gateway();
    gateway.#flags = flags;
    gateway.#dir = await mkdtemp(path.join(tmpdir(), 'opsgate-clients-'));
    gateway.#settings = { metrics_listen: '127.0.0.1:0', log: 'warn', ...settings };
    await gateway.#serve('127.0.0.1:0');
    return gateway;
  }

  get webSocketUrl() {
    return this.url.replace('http', 'ws');
  }

  get streamUrl() {
    return `${this.url}/stream`;
  }

  /** Stops it by a signal, waits for what is to happen meanwhile, and starts it again at the same address. */
  async restart(signal = 'SIGTERM', meanwhile = async () => {}) {
    await this.#end(signal);
    await meanwhile();
    await this.#serve(new URL(this.url).host);
  }

  /** Stops it and takes its data along. */
  async stop() {
    await this.#end();
    await rm(this.#dir, { recursive: true });
  }

  /** Runs `opsgate …` beside it and answers what it prints. */
  async run(...args) {
    return execute(binary, args, this.#environment({}));
  }

  /** An API token with these permissions, and further arguments of `opsgate token create`. */
  async makeToken(permissions, ...args) {
    const token = await this.#createToken(permissions, ...args);
    await this.#known(token);
    return token;
  }

  /** A token that ends in so many milliseconds. */
  async makeShortToken(permissions, milliseconds) {
    const end = new Date(Date.now() + milliseconds);
    const token = await this.#createToken(permissions, '--expires', end.toISOString());
    await this.#known(token, end);
    return token;
  }

  /** A token that has ended. */
  async makeExpiredToken(permissions) {
    const end = new Date(Date.now() + 1000);
    const token = await this.#createToken(permissions, '--expires', end.toISOString());
    await new Promise((resolve) => setTimeout(resolve, end - Date.now()));
    return token;
  }

  /** Revokes a token. */
  async revoke(token) {
    const hash = createHash('sha256').update(token).digest('hex');
    await execute('python3', ['-c', REVOKE, path.join(this.#dir, 'opsgate.db'), hash], process.env);
  }

  /** The place in the event log as of now. */
  async cursor() {
    return (await this.ask('{ eventCursor }')).eventCursor;
  }

  /** Runs an operation as the owner, over plain HTTP. */
  async ask(query, variables) {
    const answer = await this.post({ query, variables });
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    return answer.data;
  }

  async post(body, token = this.token) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const response = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  }

  /** Opens an incident and answers it. */
  async openIncident(title) {
    const mutation = `mutation($title: String!) {
      incidentCreate(input: { title: $title, severity: HIGH }) { incident { id title } receipt { cursor } } }`;
    return (await this.ask(mutation, { title })).incidentCreate;
  }

  #environment(settings) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('OPSGATE_'));
    const set = Object.entries({ ...this.#settings, ...settings, data_dir: this.#dir });
    return Object.fromEntries([...own, ...set.map(([name, value]) => [`OPSGATE_${name.toUpperCase()}`, value])]);
  }

  async #serve(listen) {
    const env = this.#environment({ listen });
    this.#process = spawn(binary, ['serve', ...this.#flags], { env, cwd: this.#dir, stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: this.#process.stdout })) {
      const [, role, token] = line.match(/^ +(?:(\S.*?) {2,}\S.* )?(opsk_\w+)$/) ?? [];
      this.token ??= token;
      if (role) this.tokens[role] = token;
      this.invitation = line.match(/http:\S+#invitation=\S+/)?.[0] ?? this.invitation;
      if (!line.includes('listens on')) continue;
      this.url = line.match(/http:\S+/)[0];
      // What the owner has done with the invitation by now is no matter of most suites.
      this.token ??= await this.makeToken(['*'], '--as', 'owner@localhost');
      return;
    }
    throw new Error('the gateway did not start');
  }

  async #end(signal = 'SIGTERM') {
    if (this.#process.exitCode !== null) return;
    this.#process.kill(signal);
    await once(this.#process, 'exit');
  }

  async #createToken(permissions, ...args) {
    const permitted = permissions.flatMap((permission) => ['--permission', permission]);
    return (await this.run('token', 'create', '--name', 'client', ...permitted, ...args)).trim();
  }

  /** A token is made beside the process, which hears of it within a quarter of a second; after its end, never. */
  async #known(token, end = Infinity) {
    while (Date.now() < end) {
      const { errors } = await this.post({ query: '{ viewer { permissions } }' }, token);
      if (!errors?.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Runs a program to its end and answers what it printed. */
export async function execute(program, args, env) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (data) => (printed += data));
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`);
  return printed;
}
