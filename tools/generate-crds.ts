/** CRD YAML from the zod resources: `crds/` is the truth, the two charts carry the same schemas. */
import { ALL_KINDS } from '#contract/resources/kinds';
import { customResourceDefinition, toYaml } from './crd/custom-resource-definition.ts';
import { HASH_BANNER, HELM_BANNER } from './generated.ts';

const KEEP = { 'helm.sh/resource-policy': 'keep' };

type Crd = ReturnType<typeof customResourceDefinition>;

/** Helm would read braces in a description as a template. */
function helmTemplate(crd: Crd, condition: string): string {
  const metadata = crd.metadata as Readonly<Record<string, unknown>>;
  const yaml = toYaml({ ...crd, metadata: { ...metadata, annotations: KEEP } });
  if (yaml.includes('{{')) throw new Error(`${metadata.name}: "{{" may not occur in a schema that Helm reads`);
  return `${HELM_BANNER}{{- if ${condition} }}\n${yaml}{{- end }}\n`;
}

const chartYaml = (appVersion: string): string =>
  HASH_BANNER +
  toYaml({
    apiVersion: 'v2',
    name: 'remora-crds',
    description: 'The custom resource definitions of Remora, for installing them apart from the chart remora.',
    type: 'application',
    version: appVersion,
    appVersion,
    kubeVersion: '>=1.33.0-0',
  });

const CHART_VALUES = `${HASH_BANNER}crds:
  # Whether the chart holds the CRDs at all. They stay in the cluster when the release is uninstalled.
  enabled: true
`;

/** Every file, by its path in the repository. `version` is that of the product. */
export function crdFiles(version: string): Map<string, string> {
  const files = new Map([
    ['charts/remora-crds/Chart.yaml', chartYaml(version)],
    ['charts/remora-crds/values.yaml', CHART_VALUES],
  ]);
  for (const kind of ALL_KINDS) {
    const crd = customResourceDefinition(kind);
    files.set(`crds/${kind.plural}.yaml`, HASH_BANNER + toYaml(crd));
    for (const folder of ['charts/remora-crds/templates', 'charts/remora/templates/crds'])
      files.set(`${folder}/${kind.plural}.yaml`, helmTemplate(crd, '.Values.crds.enabled'));
  }
  return files;
}
