/** The configuration files of the node's parts. What differs from their defaults is what lets several runs share one machine. */
import type { RunFolder } from './run-folder.ts';

export const SERVICE_SUBNET = '10.96.0.0/16';
export const KUBERNETES_SERVICE_IP = '10.96.0.1';
export const DNS_SERVICE_IP = '10.96.0.10';
export const PAUSE_IMAGE = 'remora-test.local/pause:1';

/** Every path that containerd would share with another containerd on the machine is moved into the run's folder. */
export const containerdConfig = (folder: RunFolder, binaries: string) => `version = 3
root = "${folder.path('containerd')}"
state = "${folder.path('run', 'containerd')}"
[grpc]
  address = "${folder.containerdSocket}"
[plugins.'io.containerd.internal.v1.opt']
  path = "${folder.path('opt')}"
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${binaries}"]
    conf_dir = "${folder.path('cni')}"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = "${binaries}/runc"
      SystemdCgroup = false
`;

export const cniConfig = (folder: RunFolder) =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: folder.netns,
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: folder.path('ipam'),
          ranges: [[{ subnet: folder.podSubnet }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });

/** JSON is YAML. `cgroupRoot` keeps this kubelet from ending the pods of another one as orphans. */
export const kubeletConfig = (folder: RunFolder) =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: folder.path('pki', 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${folder.containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: folder.cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    resolvConf: folder.path('resolv.conf'),
    clusterDNS: [DNS_SERVICE_IP],
    clusterDomain: 'cluster.local',
    podLogsDir: folder.path('pod-logs'),
    evictionHard: { 'memory.available': '50Mi' },
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    imageGCHighThresholdPercent: 100,
    syncFrequency: '10s',
  });

export const corefile = (folder: RunFolder) => `.:53 {
  bind ${folder.nodeIp}
  kubernetes cluster.local {
    kubeconfig ${folder.adminConfig} test
  }
}
`;

/** CoreDNS runs as a process on the node, so its Service gets its endpoint by hand. */
export const dnsService = (folder: RunFolder) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kube-dns', namespace: 'kube-system' },
        spec: { clusterIP: DNS_SERVICE_IP, ports: dnsPorts },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: 'kube-dns',
          namespace: 'kube-system',
          labels: { 'kubernetes.io/service-name': 'kube-dns' },
        },
        addressType: 'IPv4',
        endpoints: [{ addresses: [folder.nodeIp] }],
        ports: dnsPorts,
      },
    ],
  });

const dnsPorts = [
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' },
];
