{{- define "encke.name" -}}
{{- if contains "encke" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-encke" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "encke.selector" -}}
app.kubernetes.io/name: encke
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "encke.labels" -}}
{{ include "encke.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "encke.secrets" -}}
{{ .Values.secrets.existing | default (printf "%s-secrets" (include "encke.name" .)) }}
{{- end }}

{{/* The name and the variable of the port of a process; the worker has none. */}}
{{- define "encke.ports" -}}
gateway: { name: http, variable: ENCKE_GATEWAY_PORT, protocol: http }
ingest: { name: http, variable: ENCKE_INGEST_PORT, protocol: http }
cometql: { name: mysql, variable: ENCKE_COMETQL_PORT, protocol: mysql }
{{- end }}

{{/* preStop + drain + the 5 s in which a process ends itself, and 10 to spare. */}}
{{- define "encke.grace" -}}
{{ add .Values.preStopSeconds (ceil (float64 .Values.settings.ENCKE_DRAIN_SECONDS)) 15 }}
{{- end }}

{{- define "encke.container" -}}
- name: encke
  image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [{{ .component }}]
  ports:
    {{- with get (include "encke.ports" .root | fromYaml) .component }}
    - name: {{ .name }}
      containerPort: {{ get $.root.Values.settings .variable | int }}
    {{- end }}
    - name: admin
      containerPort: {{ .root.Values.settings.ENCKE_ADMIN_PORT | int }}
  envFrom:
    - configMapRef:
        name: {{ include "encke.name" .root }}-settings
    - secretRef:
        name: {{ include "encke.secrets" .root }}
  resources: {{- toYaml (get .root.Values .component).resources | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  # Not /readyz: while Redis is away a restart would only cost sockets.
  startupProbe:
    httpGet: { path: /healthz, port: admin }
    periodSeconds: 2
    failureThreshold: 30
  readinessProbe:
    httpGet: { path: /readyz, port: admin }
    periodSeconds: 5
    timeoutSeconds: 3
    failureThreshold: 2
  livenessProbe:
    httpGet: { path: /healthz, port: admin }
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  lifecycle:
    preStop:
      exec:
        command: [sleep, {{ .root.Values.preStopSeconds | quote }}]
  volumeMounts:
    - name: tmp
      mountPath: /tmp
    {{- with .root.Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "encke.spread" -}}
topologySpreadConstraints:
  - topologyKey: topology.kubernetes.io/zone
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- . | nindent 8 }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels: {{- . | nindent 14 }}
{{- end }}
