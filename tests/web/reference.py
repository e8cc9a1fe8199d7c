"""Operations that Flamenco 3 declares in its OpenAPI document (reference api §2)."""

import attrs


@attrs.frozen
class Declared:
    """One operation."""

    method: str
    path: str
    """Below `/api/v3`."""
    id: str
    codes: set[int]
    """Status codes that it is answered with, beside errors of any kind."""
    worker_auth: bool = False


OPERATIONS = [
    Declared("GET", "/version", "getVersion", {200}),
    Declared("GET", "/configuration", "getConfiguration", {200}),
    Declared("GET", "/configuration/variables/{audience}/{platform}", "getVariables", {200}),
    Declared(
        "GET", "/configuration/shared-storage/{audience}/{platform}", "getSharedStorage", {200}
    ),
    Declared("GET", "/status", "getFarmStatus", {200}),
    Declared("POST", "/worker/register-worker", "registerWorker", {200}),
    Declared(
        "POST",
        "/worker/task/{task_id}/output-produced",
        "taskOutputProduced",
        {202, 411, 413, 415, 429},
        worker_auth=True,
    ),
    Declared("POST", "/worker/sign-on", "signOn", {200}, worker_auth=True),
    Declared("POST", "/worker/sign-off", "signOff", {204}, worker_auth=True),
    Declared("GET", "/worker/state", "workerState", {200, 204}, worker_auth=True),
    Declared("POST", "/worker/state-changed", "workerStateChanged", {204}, worker_auth=True),
    Declared("POST", "/worker/task", "scheduleTask", {200, 204, 403, 409, 423}, worker_auth=True),
    Declared("POST", "/worker/task/{task_id}", "taskUpdate", {204, 409}, worker_auth=True),
    Declared("GET", "/worker/task/{task_id}/may-i-run", "mayWorkerRun", {200}, worker_auth=True),
    Declared("GET", "/worker-mgt/workers", "fetchWorkers", {200}),
    Declared("GET", "/worker-mgt/workers/{worker_id}", "fetchWorker", {200}),
    Declared("DELETE", "/worker-mgt/workers/{worker_id}", "deleteWorker", {204}),
    Declared(
        "POST", "/worker-mgt/workers/{worker_id}/setstatus", "requestWorkerStatusChange", {204}
    ),
    Declared("POST", "/worker-mgt/workers/{worker_id}/settags", "setWorkerTags", {204}),
    Declared(
        "GET",
        "/worker-mgt/workers/{worker_id}/sleep-schedule",
        "fetchWorkerSleepSchedule",
        {200, 204},
    ),
    Declared(
        "POST", "/worker-mgt/workers/{worker_id}/sleep-schedule", "setWorkerSleepSchedule", {204}
    ),
    Declared("GET", "/worker-mgt/tags", "fetchWorkerTags", {200}),
    Declared("POST", "/worker-mgt/tags", "createWorkerTag", {200}),
    Declared("GET", "/worker-mgt/tag/{tag_id}", "fetchWorkerTag", {200}),
    Declared("PUT", "/worker-mgt/tag/{tag_id}", "updateWorkerTag", {204}),
    Declared("DELETE", "/worker-mgt/tag/{tag_id}", "deleteWorkerTag", {204}),
    Declared("GET", "/jobs/types", "getJobTypes", {200}),
    Declared("GET", "/jobs/type/{typeName}", "getJobType", {200}),
    Declared("GET", "/jobs", "fetchJobs", {200}),
    Declared("POST", "/jobs", "submitJob", {200, 412}),
    Declared("DELETE", "/jobs/mass-delete", "deleteJobMass", {204, 416}),
    Declared("POST", "/jobs/check", "submitJobCheck", {204, 412}),
    Declared("GET", "/jobs/{job_id}", "fetchJob", {200}),
    Declared("DELETE", "/jobs/{job_id}", "deleteJob", {204}),
    Declared("GET", "/jobs/{job_id}/what-would-delete-do", "deleteJobWhatWouldItDo", {200}),
    Declared("GET", "/jobs/{job_id}/last-rendered", "fetchJobLastRenderedInfo", {200, 204}),
    Declared("GET", "/jobs/last-rendered", "fetchGlobalLastRenderedInfo", {200, 204}),
    Declared("POST", "/jobs/{job_id}/setstatus", "setJobStatus", {204, 422}),
    Declared("POST", "/jobs/{job_id}/setpriority", "setJobPriority", {204, 422}),
    Declared("POST", "/jobs/{job_id}/settag", "setJobTag", {204, 422}),
    Declared("GET", "/jobs/{job_id}/tasks", "fetchJobTasks", {200}),
    Declared("GET", "/jobs/{job_id}/blocklist", "fetchJobBlocklist", {200}),
    Declared("DELETE", "/jobs/{job_id}/blocklist", "removeJobBlocklist", {204}),
    Declared("GET", "/tasks/{task_id}", "fetchTask", {200}),
    Declared("GET", "/tasks/{task_id}/logtail", "fetchTaskLogTail", {200, 204}),
    Declared("GET", "/tasks/{task_id}/log", "fetchTaskLogInfo", {200, 204}),
    Declared("POST", "/tasks/{task_id}/setstatus", "setTaskStatus", {204, 422}),
    Declared("POST", "/shaman/checkout/requirements", "shamanCheckoutRequirements", {200}),
    Declared("POST", "/shaman/checkout/create", "shamanCheckout", {200, 409, 424}),
    Declared("GET", "/shaman/files/{checksum}/{filesize}", "shamanFileStoreCheck", {200}),
    Declared(
        "POST", "/shaman/files/{checksum}/{filesize}", "shamanFileStore", {204, 208, 417, 425}
    ),
    Declared("POST", "/configuration/check/shared-storage", "checkSharedStoragePath", {200}),
    Declared("GET", "/configuration/check/blender", "findBlenderExePath", {200}),
    Declared("POST", "/configuration/check/blender", "checkBlenderExePath", {200}),
    Declared("POST", "/configuration/setup-assistant", "saveSetupAssistantConfig", {204}),
    Declared("GET", "/configuration/file", "getConfigurationFile", {200}),
    Declared("PUT", "/configuration/file", "updateConfigurationFile", {204}),
]
