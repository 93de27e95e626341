/** A real PostgreSQL on loopback, for tests: started on first use under a user that is not root, shared by all tests of a process, ended with it. */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { freePorts } from './free-ports.ts';
import { missing } from './missing.ts';
import { OwnedProcesses } from './owned-processes.ts';

const READY_DEADLINE_MS = 60_000;
const POLL_MS = 20;
const USER = 'remora';
/** Of Debian's package; whoever is not root runs it as himself. */
const SYSTEM_USER = 'postgres';

export interface Postgres {
  /** A database of its own, empty. */
  createDatabase(): Promise<string>;
  /** Ends the server as a crash does: nothing is written any more. */
  kill(): Promise<void>;
  /** Starts it anew on the same data and port. */
  restart(): Promise<void>;
}

let running: Promise<Postgres> | undefined;

/** undefined where there is no PostgreSQL; the test then says so. */
export async function postgres(t: Parameters<typeof missing>[0]): Promise<Postgres | undefined> {
  const programs = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  if (programs) {
    running ??= start(programs);
    return running;
  }
  missing(t, "PostgreSQL is not installed: install Debian's package postgresql");
  return undefined;
}

async function start(programs: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-postgres-'));
  const as = runAs(folder);
  const owned = new OwnedProcesses(folder);
  const [port = 0] = await freePorts(1);
  const initdb = [join(programs, 'initdb'), '--pgdata=data', `--username=${USER}`, '--auth=trust', '--encoding=UTF8'];
  run(folder, [...as, ...initdb, '--locale=C', '--no-sync']);
  const server = new Server({ owned, port, command: [...as, join(programs, 'postgres'), ...serverArgs(port)] });
  await server.restart();
  return server;
}

/** PostgreSQL refuses to run as root. */
function runAs(folder: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const id = (flag: string): number => Number(run(folder, ['id', flag, SYSTEM_USER]));
  const [uid, gid] = [id('-u'), id('-g')];
  chownSync(folder, uid, gid);
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}

function run(cwd: string, [command = '', ...args]: readonly string[]): string {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (done.status === 0) return done.stdout.trim();
  throw new Error(`${command} failed: ${done.error?.message ?? done.stderr.trim()}`);
}

const serverArgs = (port: number): string[] => [
  ...['-D', 'data', '-p', String(port), '-h', '127.0.0.1'],
  ...['-c', 'unix_socket_directories=', '-c', 'max_connections=200'],
];

interface ServerParts {
  readonly owned: OwnedProcesses;
  readonly port: number;
  readonly command: readonly string[];
}

class Server implements Postgres {
  readonly #parts: ServerParts;
  #databases = 0;
  #starts = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    await this.#ask(`CREATE DATABASE ${name}`);
    return this.#url(name);
  }

  async kill(): Promise<void> {
    const pid = Number(readFileSync(join(this.#parts.owned.folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    await until('the end of PostgreSQL', async () => !isAlive(pid));
  }

  async restart(): Promise<void> {
    const { owned, command } = this.#parts;
    const [program = '', ...args] = command;
    this.#starts += 1;
    const name = `postgres-${this.#starts}`;
    owned.start(name, program, args);
    await until('PostgreSQL', async () => {
      await this.#ask('SELECT 1');
      return true;
    }).catch((late: unknown) => {
      throw new Error(owned.log(name), { cause: late });
    });
  }

  #url(database: string): string {
    return `postgres://${USER}@127.0.0.1:${this.#parts.port}/${database}`;
  }

  async #ask(statement: string): Promise<void> {
    const client = new Client({ connectionString: this.#url('postgres') });
    client.on('error', () => {});
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${what} took longer than ${READY_DEADLINE_MS / 1000} s`);
    await delay(POLL_MS);
  }
}
