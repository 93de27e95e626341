/** Ports for programs that cannot be told to choose one themselves, or that must find theirs free when they come back. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

type Stretch = readonly [first: number, last: number];

const HOST = '127.0.0.1';
/** Below are those of services that everybody knows. */
const LOWEST = 10_000;
const HIGHEST = 65_535;
/** From these the system gives one to whoever asks for any, and to each connection that goes out; see ip(7). */
const RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range';
/** Wide enough for the systems that have no such file. */
const USUAL_RANGE: Stretch = [32_768, HIGHEST];
/** For each port: others may have those that are tried. */
const MAX_TRIES = 100;

function givenRange(): Stretch {
  try {
    const [first = Number.NaN, last = Number.NaN] = readFileSync(RANGE_FILE, 'utf8').trim().split(/\s+/).map(Number);
    return Number.isInteger(first + last) ? [first, last] : USUAL_RANGE;
  } catch {
    return USUAL_RANGE;
  }
}

/** Of the two that the system leaves alone the wider one; all, where it gives away every port. */
export function stretchOutside([first, last]: Stretch): Stretch {
  if (Math.max(first - LOWEST, HIGHEST - last) <= 0) return [LOWEST, HIGHEST];
  return first - LOWEST > HIGHEST - last ? [LOWEST, first - 1] : [last + 1, HIGHEST];
}

function anyPort(): number {
  const [first, last] = stretchOutside(givenRange());
  return randomInt(first, last + 1);
}

/**
 * `count` different loopback ports that are this process's until it ends, also while nobody listens there: the system gives them to
 * nobody, and neither does this function in any process. `candidate` says which one to try next.
 */
export async function freePorts(count: number, candidate: () => number = anyPort): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === count * MAX_TRIES) throw new Error(`no ${count} ports are free after ${tries} tries`);
    const port = candidate();
    if (await claim(port)) ports.push(port);
  }
  return ports;
}

async function claim(port: number): Promise<boolean> {
  // What is bound for UDP is in nobody's way for TCP, and tells all other callers that the number is taken.
  const claimed = createSocket('udp4').unref();
  const server = createServer();
  try {
    await once(claimed.bind({ port, address: HOST, exclusive: true }), 'listening');
    await once(server.listen(port, HOST), 'listening');
    await new Promise((closed) => server.close(closed));
    return true;
  } catch {
    claimed.close();
    return false;
  }
}
