/** Environment variables of the operator's container: the chart sets them, `operator/main.ts` reads them. */
export const OPERATOR_ENV = {
  /** Namespace and name of the operator's own pod, by the downward API. */
  namespace: 'REMORA_NAMESPACE',
  podName: 'REMORA_POD_NAME',
  /** Name of the Service in that namespace by which sidecars and the API server reach the operator. */
  service: 'REMORA_SERVICE',
  /** Name of the MutatingWebhookConfiguration and of the ValidatingWebhookConfiguration whose caBundle the operator keeps. */
  webhookConfiguration: 'REMORA_WEBHOOK_CONFIGURATION',
  /** Name of the Secret in the operator's namespace that holds the certificate authority. */
  authoritySecret: 'REMORA_AUTHORITY_SECRET',
  /** Comma separated; default the operator's own namespace. */
  platformNamespaces: 'REMORA_PLATFORM_NAMESPACES',
  /** URL of the store of budgets' books, such as `cluster:`, the default. It may hold a password. */
  grantStore: 'REMORA_GRANT_STORE',
  /** Where the history of usage is kept: `sqlite:<file>`, `postgres://...`, `https://...` of whoever keeps it, or `none:`, the default. It may hold a password. */
  history: 'REMORA_HISTORY',
  /** File of the token by which the operator proves itself to whoever keeps the history. */
  historyTokenFile: 'REMORA_HISTORY_TOKEN_FILE',
  /** Folder that gets a copy of SQLite each day, and how many stay. */
  historyBackupFolder: 'REMORA_HISTORY_BACKUP_FOLDER',
  historyBackupKeep: 'REMORA_HISTORY_BACKUP_KEEP',
  /** How long records of changes stay. */
  historyAuditDays: 'REMORA_HISTORY_AUDIT_DAYS',
  /** Where a newer price book is fetched: a URL, or `name/key` of a ConfigMap in the operator's namespace; and how often. */
  priceBookUrl: 'REMORA_PRICE_BOOK_URL',
  priceBookConfigMap: 'REMORA_PRICE_BOOK_CONFIG_MAP',
  priceBookEvery: 'REMORA_PRICE_BOOK_EVERY',
  /** What injection writes into pods. */
  sidecarImage: 'REMORA_SIDECAR_IMAGE',
  sidecarImagePullPolicy: 'REMORA_SIDECAR_IMAGE_PULL_POLICY',
  sidecarLogLevel: 'REMORA_SIDECAR_LOG_LEVEL',
  sidecarMaxRequests: 'REMORA_SIDECAR_MAX_REQUESTS',
  logLevel: 'REMORA_LOG_LEVEL',
  /** Set: the operator and the sidecars that it injects export traces there. */
  otlpEndpoint: 'OTEL_EXPORTER_OTLP_ENDPOINT',
} as const;
