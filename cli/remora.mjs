#!/usr/bin/env node
// Plain JavaScript, so that an old Node reaches the sentence below before it meets syntax that it cannot read.
import { exit, stderr, versions } from 'node:process';

const WANTED = [24, 14];
const [major = 0, minor = 0] = versions.node.split('.').map(Number);
if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  stderr.write(
    `remora needs Node ${WANTED.join('.')} or newer and this is Node ${versions.node}: run \`npm ci\`, which brings the right one, then \`npm start\` or \`npx remora\`.\n`,
  );
  exit(1);
}
await import('./main.ts');
