/** The images of the journeys: Remora's own as `npm run image` builds it, and one with the test app and the fake provider. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '#tools/bundle';
import { nodeImage } from '#tools/image';
import type { Image } from '#tools/image/oci';

const APPS = ['ask', 'provider', 'streams'];

export async function testImage(name: string): Promise<Image> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-apps-'));
  try {
    const targets = APPS.map((app) => ({ entry: `test/cluster/apps/${app}.ts`, outfile: join(folder, `${app}.cjs`) }));
    for (const target of targets) await bundle(target);
    return nodeImage(
      name,
      targets.map((target) => target.outfile),
      ['/app/provider.cjs'],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
