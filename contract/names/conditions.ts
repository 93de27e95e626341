/** Condition types and reasons, after the Gateway API (GEP-1364). Reasons are API: documented, never reused. */
export const CONDITION = {
  accepted: 'Accepted',
  resolvedRefs: 'ResolvedRefs',
  programmed: 'Programmed',
  partitionsBounded: 'PartitionsBounded',
  /** Of an object with `alerts`. */
  alertsDelivered: 'AlertsDelivered',
  /** Of an AIKey. */
  issued: 'Issued',
  ready: 'Ready',
} as const;

export type ConditionType = (typeof CONDITION)[keyof typeof CONDITION];

export const REASON = {
  accepted: 'Accepted',
  invalid: 'Invalid',
  conflicted: 'Conflicted',
  resolvedRefs: 'ResolvedRefs',
  providerNotFound: 'ProviderNotFound',
  refNotPermitted: 'RefNotPermitted',
  secretNotFound: 'SecretNotFound',
  serviceNotFound: 'ServiceNotFound',
  portNotFound: 'PortNotFound',
  noReadyEndpoints: 'NoReadyEndpoints',
  priceUnknown: 'PriceUnknown',
  capabilityMissing: 'CapabilityMissing',
  programmed: 'Programmed',
  pending: 'Pending',
  rejected: 'Rejected',
  noWorkloads: 'NoWorkloads',
  partitionsBounded: 'PartitionsBounded',
  tooManyPartitions: 'TooManyPartitions',
  delivered: 'Delivered',
  deliveryFailed: 'DeliveryFailed',
  issued: 'Issued',
  secretTaken: 'SecretTaken',
  secretForbidden: 'SecretForbidden',
  tokenInvalid: 'TokenInvalid',
  ready: 'Ready',
  notReady: 'NotReady',
} as const;

export type ConditionReason = (typeof REASON)[keyof typeof REASON];

/** Reasons of Events that tell of no condition. */
export const EVENT_REASON = {
  variantPromoted: 'VariantPromoted',
  variantRolledBack: 'VariantRolledBack',
  /** A percentage of `alertAtPercent` was passed. */
  budgetThreshold: 'BudgetThreshold',
  budgetStopped: 'BudgetStopped',
  budgetResumed: 'BudgetResumed',
  tokenIssued: 'TokenIssued',
} as const;
