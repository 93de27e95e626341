/** Builds bundles and image into the folder of the first argument: a process of its own, so that a test can plant its environment. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BUNDLES, bundle } from '#tools/bundle';
import { nodeImage, writeImage } from '#tools/image';

const [folder = ''] = process.argv.slice(2);
for (const { entry, outfile } of Object.values(BUNDLES))
  await bundle({ entry, outfile: join(folder, basename(outfile)) });
const files = readdirSync(folder).map((name) => join(folder, name));
if (process.platform === 'linux')
  writeImage(nodeImage('remora:test', files, ['/app/cli.cjs']), join(folder, 'image.tar'));
