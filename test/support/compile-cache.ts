/** Where processes that tests start keep compiled code, for the environment of such a process: each starts in half the time. */
import { homedir } from 'node:os';
import { join } from 'node:path';

const CACHE = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** Node writes it when a process ends by itself, and believes it only of the same source and the same Node (nodejs.org/api/module.html, Module compile cache). */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(CACHE, 'remora', 'compiled') };
