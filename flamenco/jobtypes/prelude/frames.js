// Frame ranges, as flamenco/model/frames.py has them.

const SPACE = "[ \\t\\n\\r\\f\\v]*"; // what Python takes for white space in ASCII
const FRAME = `${SPACE}(-?[0-9]{1,9})${SPACE}`;
const STEP = `x${SPACE}([0-9]{1,9})${SPACE}`;
const MOST_CHUNKS = 1000000;
const FRAMES = new RegExp(`^${FRAME}(?:(?:-|\\.\\.)${FRAME}(?:${STEP})?)?$`);

// The runs [first, last] of consecutive frames of one part of a range.
function frameParts(part, range) {
    const match = FRAMES.exec(part);
    const where = part === range ? "" : ` in '${range}'`;
    const step = Number(match?.[3] ?? 1);
    if (match === null || step === 0) {
        throw new Error(`expected frames such as 1-10, 15 or 20..30, not '${part}'${where}`);
    }
    const first = Number(match[1]), last = Number(match[2] ?? match[1]);
    if (last < first) {
        throw new Error(`'${part}'${where} counts backwards, expected a range such as 1-10`);
    }
    if (step === 1) return [[first, last]];
    if (Math.floor((last - first) / step) >= MOST_CHUNKS) {
        throw new Error(`'${part}'${where} has more than ${MOST_CHUNKS} frames`);
    }
    const runs = [];
    for (let frame = first; frame <= last; frame += step) runs.push([frame, frame]);
    return runs;
}

// The runs [first, last] of consecutive frames, in order, each frame once.
function frameRuns(range) {
    const parts = range.split(",").flatMap((part) => frameParts(part, range));
    parts.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    const runs = [];
    for (const [first, last] of parts) {
        const previous = runs.at(-1);
        if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
        else runs.push([first, last]);
    }
    return runs;
}

function frameCount(...given) {
    return frameRuns(textOf(given, 0)).reduce((sum, run) => sum + run[1] - run[0] + 1, 0);
}

function frameChunker(...given) {
    const size = Math.trunc(Number(given[1]));
    if (!(size >= 1)) throw new Error(`expected chunks of at least 1 frame, not ${shown(given[1])}`);
    const count = frameCount(given[0]);
    if (count > MOST_CHUNKS * size) {
        throw new Error(
            `expected at most ${MOST_CHUNKS} chunks, got ${count} frames in chunks of ${size}`);
    }
    const chunks = [];
    let chunk = [];
    let room = size;
    for (let [first, last] of frameRuns(textOf(given, 0))) {
        while (first <= last) {
            const end = Math.min(last, first + room - 1);
            chunk.push(written(first, end));
            room -= end - first + 1;
            first = end + 1;
            if (room === 0) {
                chunks.push(chunk.join(","));
                chunk = [];
                room = size;
            }
        }
    }
    if (chunk.length) chunks.push(chunk.join(","));
    return chunks;
}

function written(first, last) {
    if (last - first >= 2) return `${first}-${last}`;
    return first === last ? `${first}` : `${first},${last}`;
}
