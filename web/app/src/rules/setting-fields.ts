/** What can be set on the page: the keys of `flamenco-manager.yaml` (docs/operator-guide.md). */

import type { ManagerConnections } from '../api/types'
import type { IconName } from '../components/ui/icons'

export type FieldKind = 'text' | 'path' | 'secret' | 'flag' | 'duration' | 'count' | 'list'

export interface SettingField {
  /** From the top of the file: `shaman.garbageCollect.period`. */
  key: string
  label: string
  help: string
  kind: FieldKind
  /** A running Manager takes it over; others are read when it starts. */
  live?: true
  /** What a duration of 0 means; without it, 0 is none. */
  zero?: string
  choices?: readonly string[]
  min?: number
  max?: number
  unit?: string
  placeholder?: string
  /** It may not be left empty. */
  required?: true
  /** What is to be known about it when nothing is in it. */
  emptied?: string
}

export interface Category {
  id: string
  title: string
  icon: IconName
  intro: string
  fields: readonly SettingField[]
  /** A lasting connection that these set: the page tells how it is. */
  connection?: keyof ManagerConnections
}

const DAYS = ['0s', '24h', '168h', '336h', '744h', '2160h', '8760h']

export const CATEGORIES: readonly Category[] = [
  {
    id: 'core',
    title: 'Core',
    icon: 'cog',
    intro: 'The Manager’s name, its address, and the Workers that may join the farm.',
    fields: [
      { key: 'manager_name', label: 'Name of the farm', kind: 'text', live: true, help: 'Shown on this page and in the add-on.' },
      { key: 'listen', label: 'Address', kind: 'text', required: true, placeholder: ':8080', help: 'Address to listen on, such as :8080 or 127.0.0.1:8080. Without a host: every network of the machine.' },
      { key: 'allowed_hosts', label: 'Other names', kind: 'text', live: true, placeholder: 'farm.example, render.studio.lan', help: 'Names under which browsers and programs reach this Manager, separated by commas, besides its addresses and the names of its machine.' },
      { key: 'exec.enabled', label: 'Command exec', kind: 'flag', live: true, help: 'Jobs may run programs of their own choice. It keeps nobody from running code by a .blend file.' },
      { key: 'exec.role', label: 'Least role for exec', kind: 'text', live: true, required: true, placeholder: 'artist', help: 'viewer, artist, wrangler or operator: the least role of those who may submit jobs with that command, where there are users.' },
      { key: 'exec.programs', label: 'Programs for exec', kind: 'text', live: true, placeholder: 'oiiotool, {ffmpeg}', help: 'The only programs that this command may run, separated by commas, as commands name them. Without any: all.' },
      { key: 'trusted_proxies', label: 'Trusted proxies', kind: 'text', live: true, placeholder: '127.0.0.1/32, 10.0.0.7/32', help: 'Addresses of the proxies in front of this Manager, separated by commas, that are believed who their clients are, and if these speak TLS.' },
      { key: 'tls.certificate', label: 'Certificate', kind: 'path', placeholder: 'None: no TLS', help: 'A file in PEM with the certificate by which this Manager speaks TLS, and those that lead to one that clients trust. When it changes, it is read again.' },
      { key: 'tls.key', label: 'Key of the certificate', kind: 'path', placeholder: 'None: no TLS', help: 'A file in PEM with its private key, without a password.' },
      { key: 'request_log', label: 'Request log', kind: 'path', placeholder: 'None', help: 'A file in which each request leaves a line: who asked what, when, from where, and how it was answered. It has no secrets.' },
      { key: 'outgoing.allowed_networks', label: 'Reachable networks', kind: 'text', live: true, placeholder: '192.168.1.0/24, fd00::/8', help: 'Private networks to which the Manager may send notices and webhooks, separated by commas. Without any it reaches only the Internet.' },
      { key: 'autodiscoverable', label: 'Found by Workers', kind: 'flag', help: 'Workers without a configured address find this Manager in the network.' },
      { key: 'registration_secret', label: 'Registration secret', kind: 'secret', placeholder: 'None: everybody may join', help: 'Only Workers that know it can register. Those that are already registered stay.' },
      { key: 'auth.mode', label: 'Who may use it', kind: 'text', required: true, placeholder: 'open', help: 'open: whoever reaches the Manager. users: people who sign in, programs with a token, and Workers; the next start prints a link for the first operator.' },
      { key: 'auth.approve_workers', label: 'Approve Workers', kind: 'flag', help: 'Where people sign in: a Worker that shows neither the registration secret nor a join token waits until somebody approves it. Without this it is refused.' },
      { key: 'auth.oidc.issuer', label: 'Single sign-on', kind: 'text', placeholder: 'https://id.example/realms/studio', help: 'Address of a provider of OpenID Connect, as it calls itself, by which people sign in where there are users. It sends them back to /app/sign-in.' },
      { key: 'auth.oidc.name', label: 'Its name', kind: 'text', placeholder: 'single sign-on', help: 'Name of the provider on the button “Sign in with …”.' },
      { key: 'auth.oidc.client_id', label: 'Client ID', kind: 'text', placeholder: 'flamenco', help: 'Name under which the provider knows this Manager.' },
      { key: 'auth.oidc.client_secret', label: 'Client secret', kind: 'secret', placeholder: 'None: a public client', help: 'Secret of this Manager at the provider.' },
      { key: 'auth.oidc.scopes', label: 'Scopes', kind: 'text', placeholder: 'openid profile', help: 'What the provider is asked to tell of people, separated by spaces.' },
      { key: 'auth.oidc.name_claim', label: 'Claim of the name', kind: 'text', placeholder: 'preferred_username', help: 'What the provider calls the name of a user.' },
      { key: 'auth.oidc.groups_claim', label: 'Claim of the groups', kind: 'text', placeholder: 'groups', help: 'What the provider calls the groups of a user.' },
      { key: 'auth.roles.viewer', label: 'Groups of viewers', kind: 'text', placeholder: '*', help: 'Groups of single sign-on whose people may look, separated by commas; * is everybody.' },
      { key: 'auth.roles.artist', label: 'Groups of artists', kind: 'text', placeholder: 'artists', help: 'Groups whose people may also submit jobs, and change those.' },
      { key: 'auth.roles.wrangler', label: 'Groups of wranglers', kind: 'text', placeholder: 'leads, td', help: 'Groups whose people may also change all jobs and Workers.' },
      { key: 'auth.roles.operator', label: 'Groups of operators', kind: 'text', placeholder: 'it', help: 'Groups whose people may do everything. Who is in several has the highest role.' },
      { key: 'auth.trusted_header', label: 'Header of a proxy', kind: 'text', placeholder: 'Remote-User', help: 'Header in which a trusted proxy names who asks. The proxy has to set it, or to remove it, in every request.' },
      { key: 'auth.trusted_groups_header', label: 'Header of the groups', kind: 'text', placeholder: 'Remote-Groups', help: 'Header in which it names the groups of that person, separated by commas.' },
      { key: 'database', label: 'Database', kind: 'path', required: true, help: 'The file with the jobs, tasks and Workers.' },
      { key: 'database_check_period', label: 'Database check', kind: 'duration', zero: 'Only at the start', choices: ['0s', '10m', '1h', '6h', '24h'], help: 'Time between checks of the whole database for damage, beside all work.' },
    ],
  },
  {
    id: 'storage',
    title: 'Storage',
    icon: 'folder',
    intro: 'Paths on the Manager’s machine. Relative ones start at its storage, or at the folder of the configuration file.',
    fields: [
      { key: 'shared_storage_path', label: 'Shared storage', kind: 'path', placeholder: 'Not set', help: 'The folder of job files. Workers and artists must see it too, under the same path or through a two-way variable.', emptied: 'Without a shared storage the Manager waits to be set up, unless its command line names one with --storage.' },
      { key: 'local_manager_storage_path', label: 'Logs and pictures', kind: 'path', required: true, help: 'Task logs and pictures of frames; only the Manager needs to see this folder.' },
      { key: 'job_pictures_size', label: 'Pictures of a job', kind: 'count', live: true, min: 1, unit: 'MiB', help: 'Room for the pictures of a job’s frames; beyond, those of earlier attempts go first, then the large ones.' },
      { key: 'shaman.enabled', label: 'Shaman', kind: 'flag', help: 'Takes the files of jobs over HTTP, each only once, and keeps them in the shared storage. Job files are then in its folder jobs.' },
      { key: 'shaman.links', label: 'Files of checkouts', kind: 'text', required: true, placeholder: 'relative', help: 'relative: symbolic links, or hard ones where the storage has none. hard, reflink and copy: for Workers or programs that follow no symbolic links.' },
      { key: 'shaman.garbageCollect.period', label: 'Shaman clean-up', kind: 'duration', zero: 'Never', choices: ['0s', '1h', '6h', '24h', '168h'], help: 'Time between Shaman’s deletions of unused files.' },
      { key: 'shaman.garbageCollect.maxAge', label: 'Age of unused files', kind: 'duration', zero: 'At once', choices: ['24h', '168h', '336h', '744h', '2160h'], help: 'Time after which files that no job has are deleted if they were not asked for.' },
    ],
  },
  {
    id: 'timeouts',
    title: 'Timeouts & failures',
    icon: 'clock',
    intro: 'Limits after which the Manager gives up on a Worker, a task, a job, or the script of a job type.',
    fields: [
      { key: 'task_timeout', label: 'Task timeout', kind: 'duration', live: true, zero: 'Off', choices: ['0s', '5m', '10m', '30m', '1h', '6h'], help: 'Time without a sign of life, or during which its program neither prints nor computes, after which a task goes to another Worker. Applies to tasks that start afterwards.' },
      { key: 'worker_timeout', label: 'Worker timeout', kind: 'duration', live: true, zero: 'Off', choices: ['0s', '30s', '1m', '5m', '10m'], help: 'Time of silence after which a Worker gets the status error, and its tasks are queued again.' },
      { key: 'blocklist_threshold', label: 'Failures until a Worker is blocked', kind: 'count', live: true, min: 0, unit: 'tasks', help: 'Number of tasks of a type in a job that a Worker must fail to get no more of them; 0 turns this off.' },
      { key: 'task_fail_after_softfail_count', label: 'Failures until a task fails', kind: 'count', live: true, min: 0, unit: 'Workers', help: 'Number of different Workers that must fail a task before it fails for good.' },
      { key: 'job_fail_percentage', label: 'Failures until a job fails', kind: 'count', min: 1, max: 100, unit: '% of its tasks', help: 'Percentage of failed tasks at which a job fails.' },
      { key: 'worker_configuration', label: 'Workers’ configuration', kind: 'list', live: true, placeholder: '[{"match": "render-*", "niceness": 10}]', help: 'Entries as JSON, of which later ones win: for Workers whose name fits match and that have one of the tags, keys of flamenco-worker.yaml, variables and a sleep_schedule. A Worker’s own file wins over them.' },
      { key: 'warm_blender', label: 'Blender stays open', kind: 'flag', live: true, help: 'Workers keep Blender open between the tasks of a job, so that its file is read once. Off holds for tasks that start afterwards.' },
      { key: 'job_type_timeout', label: 'Job type timeout', kind: 'duration', choices: ['10s', '20s', '1m', '5m'], help: 'Time after which the script of a job type is stopped, and its job refused.' },
      { key: 'job_type_memory', label: 'Job type memory', kind: 'count', min: 256, max: 1048576, unit: 'MiB', help: 'Maximum memory for the script of a job type, on Linux.' },
    ],
  },
  {
    id: 'mqtt',
    title: 'MQTT',
    icon: 'external',
    intro: 'A broker to which all that happens on the farm is published, with the topics of Flamenco 3.',
    connection: 'mqtt',
    fields: [
      { key: 'mqtt.client.enabled', label: 'Publish to a broker', kind: 'flag', live: true, help: 'Off ends the connection at once.' },
      { key: 'mqtt.client.broker', label: 'Broker', kind: 'text', live: true, placeholder: 'mqtt://broker.example', help: 'Its address, as mqtt://HOST:PORT, or mqtts://HOST:PORT for an encrypted connection.' },
      { key: 'mqtt.client.clientID', label: 'Name of the client', kind: 'text', live: true, help: 'Under which the broker knows this Manager. Each Manager of a broker needs one of its own.' },
      { key: 'mqtt.client.topic_prefix', label: 'Beginning of topics', kind: 'text', live: true, help: 'Stands before each topic: flamenco makes flamenco/jobs.' },
      { key: 'mqtt.client.username', label: 'User of the broker', kind: 'text', live: true, help: 'Empty: the broker asks for none.' },
      { key: 'mqtt.client.password', label: 'Password of the broker', kind: 'secret', live: true, help: 'Of this user.' },
    ],
  },
  {
    id: 'upstream',
    title: 'Upstream',
    icon: 'up',
    intro: 'A collector of several farms, to which this one reports what it does.',
    connection: 'upstream',
    fields: [
      { key: 'upstream.url', label: 'Report to', kind: 'text', live: true, placeholder: 'Nobody', help: 'Its address, as https://HOST/PATH. One in a private network has to be allowed: outgoing.allowed_networks.' },
      { key: 'upstream.secret', label: 'Key of the reports', kind: 'secret', live: true, help: 'By which they are signed, as whsec_ and base64; the collector knows it, too.' },
      { key: 'upstream.period', label: 'Time between reports', kind: 'duration', live: true, zero: 'Off', choices: ['0s', '30s', '1m', '5m', '1h'], help: 'While the collector is away, they wait.' },
      { key: 'upstream.names', label: 'Tell the names of jobs', kind: 'flag', live: true, help: 'Off: reports name neither jobs, nor files, nor people.' },
    ],
  },
  {
    id: 'clean-up',
    title: 'Clean-up',
    icon: 'archive',
    intro: 'Automatic clean-up after some time without a change. Jobs marked keep are spared, rendered frames are never touched.',
    fields: [
      { key: 'archive_jobs_after', label: 'Archive jobs after', kind: 'duration', live: true, zero: 'Never', choices: DAYS, help: 'Finished jobs leave the lists, and can be brought back.' },
      { key: 'delete_jobs_after', label: 'Delete jobs after', kind: 'duration', live: true, zero: 'Never', choices: DAYS, help: 'Finished jobs are deleted, with their logs, pictures and checkouts.' },
      { key: 'worker_gone_after', label: 'Wait for Workers', kind: 'duration', live: true, zero: 'For ever', choices: ['0s', '1h', '12h', '24h', '168h'], help: 'Time after which no failed task waits any more for a Worker that left or was lost. It stays in the list.' },
      { key: 'delete_workers_after', label: 'Delete Workers after', kind: 'duration', live: true, zero: 'Never', choices: DAYS, help: 'Workers that are gone are deleted. One that comes back registers again.' },
      { key: 'delete_audit_after', label: 'Delete lines of the audit log', kind: 'duration', live: true, zero: 'Never', choices: ['0s', '720h', '2160h', '8760h'], help: 'Time after which nobody can look up any more who changed what.' },
    ],
  },
]

export const VARIABLES_ID = 'variables'
export const FIELDS: readonly SettingField[] = CATEGORIES.flatMap(({ fields }) => fields)

const BY_KEY = new Map(FIELDS.map((field) => [field.key, field]))

export function fieldOf(key: string): SettingField | undefined {
  return BY_KEY.get(key)
}
