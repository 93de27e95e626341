import { join } from 'node:path';
import { adapterSuite } from '#test/support/adapter-suite';
import { openai } from './adapter.ts';

adapterSuite(openai, { folder: join(import.meta.dirname, 'fixtures'), model: 'gpt-5-mini' });
