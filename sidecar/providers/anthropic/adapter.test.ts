import { join } from 'node:path';
import { adapterSuite } from '#test/support/adapter-suite';
import { anthropic } from './adapter.ts';

adapterSuite(anthropic, { folder: join(import.meta.dirname, 'fixtures'), model: 'claude-sonnet-4-5-20250929' });
