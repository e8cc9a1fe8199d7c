// `job.created`, with the methods of Go's times that Flamenco 3 hands to scripts.

const MONTHS = [
    ...["January", "February", "March", "April", "May", "June"],
    ...["July", "August", "September", "October", "November", "December"],
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

// What Go's layouts call the parts of a time; a longer name goes before its beginning.
const LAYOUT = {
    January: (time) => MONTHS[time.month() - 1],
    Jan: (time) => MONTHS[time.month() - 1].slice(0, 3),
    Monday: (time) => DAYS[time.weekday()],
    Mon: (time) => DAYS[time.weekday()].slice(0, 3),
    MST: (time) => time.zone,
    2006: (time) => padded(time.year(), 4),
    "-07:00": (time) => offsetOf(time, ":"),
    "Z07:00": (time) => (time.offset ? offsetOf(time, ":") : "Z"),
    "-0700": (time) => offsetOf(time, ""),
    "002": (time) => padded(time.yearDay(), 3),
    ".000": (time) => `.${padded(Math.floor(time.nanosecond() / 1e6), 3)}`,
    "01": (time) => padded(time.month()),
    "02": (time) => padded(time.day()),
    "03": (time) => padded(time.hour() % 12 || 12),
    "04": (time) => padded(time.minute()),
    "05": (time) => padded(time.second()),
    "06": (time) => padded(time.year() % 100),
    15: (time) => padded(time.hour()),
    _2: (time) => String(time.day()).padStart(2),
    PM: (time) => (time.hour() < 12 ? "AM" : "PM"),
    pm: (time) => (time.hour() < 12 ? "am" : "pm"),
    1: (time) => time.month(),
    2: (time) => time.day(),
    3: (time) => time.hour() % 12 || 12,
    4: (time) => time.minute(),
    5: (time) => time.second(),
};
const PARTS_OF_LAYOUT = new RegExp(
    Object.keys(LAYOUT)
        .sort((one, other) => other.length - one.length)
        .map((name) => name.replace(".", "\\."))
        .join("|"),
    "g",
);

function padded(number, digits = 2) {
    return String(number).padStart(digits, "0");
}

function offsetOf(time, between) {
    const minutes = Math.abs(time.offset) / 60;
    const sign = time.offset < 0 ? "-" : "+";
    return `${sign}${padded(Math.floor(minutes / 60))}${between}${padded(minutes % 60)}`;
}

class Time {
    #given; // {local, iso, milliseconds, offset, zone}
    #shifted; // a Date whose UTC parts are those of this time's zone
    constructor(given, inUTC = true) {
        this.#given = given;
        this.offset = inUTC ? 0 : given.offset;
        this.zone = inUTC ? "UTC" : given.zone;
        this.#shifted = new Date(given.milliseconds + this.offset * 1000);
        Object.freeze(this);
    }
    year() {
        return this.#shifted.getUTCFullYear();
    }
    month() {
        return this.#shifted.getUTCMonth() + 1;
    }
    day() {
        return this.#shifted.getUTCDate();
    }
    weekday() {
        return this.#shifted.getUTCDay();
    }
    yearDay() {
        const first = Date.UTC(this.year(), 0, 1);
        return Math.floor((this.#shifted.getTime() - first) / 86_400_000) + 1;
    }
    hour() {
        return this.#shifted.getUTCHours();
    }
    minute() {
        return this.#shifted.getUTCMinutes();
    }
    second() {
        return this.#shifted.getUTCSeconds();
    }
    nanosecond() {
        return this.#shifted.getUTCMilliseconds() * 1e6;
    }
    unix() {
        return Math.floor(this.#given.milliseconds / 1000);
    }
    unixMilli() {
        return this.#given.milliseconds;
    }
    local() {
        return new Time(this.#given, false);
    }
    uTC() {
        return new Time(this.#given);
    }
    format(layout) {
        return String(layout).replace(PARTS_OF_LAYOUT, (part) => LAYOUT[part](this));
    }
    string() {
        return this.format("2006-01-02 15:04:05.000 -0700 MST");
    }
    toString() {
        return this.#given.iso;
    }
    toJSON() {
        return this.#given.iso;
    }
    static local(time) {
        if (typeof time === "object" && time !== null && #given in time) return time.#given.local;
        if (time instanceof Date) return localStamp(time);
        throw new TypeError(`expected a time such as job.created, got ${shown(time)}`);
    }
}

function localStamp(date) {
    const day = [padded(date.getFullYear(), 4), padded(date.getMonth() + 1), padded(date.getDate())];
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((each) => padded(each));
    return `${day.join("-")}_${time.join("")}`;
}
