{{/* Name of everything that the release owns; a release called "remora" is not called "remora-remora". */}}
{{- define "remora.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "remora.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "remora.labels" -}}
{{ include "remora.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: remora
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "remora.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "remora.platformNamespaces" -}}
{{ .Values.platformNamespaces | default (list .Release.Namespace) | join "," }}
{{- end -}}

{{/* Pods of these namespaces are never touched: injection there could keep the operator itself from starting. */}}
{{- define "remora.excludedNamespaces" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values: [kube-system, kube-node-lease, {{ .Release.Namespace }}]
{{- end -}}

{{- define "remora.webhookBehaviour" -}}
admissionReviewVersions: [v1]
sideEffects: None
failurePolicy: Fail
timeoutSeconds: 5
{{- end -}}

{{/* How the history of usage is kept: "file" by a pod of its own, "database" by the operator's replicas, or "none". */}}
{{- define "remora.historyKept" -}}
{{- if .Values.history.secretRef.name -}}database
{{- else if eq .Values.history.url "sqlite:" -}}file
{{- else if eq .Values.history.url "none:" -}}none
{{- else -}}database
{{- end -}}
{{- end -}}

{{- define "remora.historySelectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: history
{{- end -}}

{{- define "remora.historyLabels" -}}
{{ include "remora.historySelectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: remora
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
