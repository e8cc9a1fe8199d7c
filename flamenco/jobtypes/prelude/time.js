// `job.created`, which only `formatTimestampLocal` can look into.

class Time {
    #local;
    #iso;
    constructor(local, iso) {
        this.#local = local;
        this.#iso = iso;
        Object.freeze(this);
    }
    toString() {
        return this.#iso;
    }
    toJSON() {
        return this.#iso;
    }
    static local(time) {
        if (typeof time === "object" && time !== null && #local in time) return time.#local;
        throw new TypeError(`expected a time such as job.created, got ${shown(time)}`);
    }
}
