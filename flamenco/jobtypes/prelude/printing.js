// `print` and `alert`, kept until Python asks; so many that a flood ends up short.

const PRINTED_LINES = 1000;
const PRINTED_CHARACTERS = 2000;

let printed = [];
let unprinted = 0;

function say(level, values) {
    if (printed.length === PRINTED_LINES) {
        unprinted++;
        return;
    }
    const words = values.map((each) => (typeof each === "string" ? each : shown(each)));
    printed.push([level, words.join(" ").slice(0, PRINTED_CHARACTERS)]);
}

function takePrinted() {
    if (unprinted) printed.push(["warning", `and ${unprinted} lines more`]);
    const lines = printed;
    printed = [];
    unprinted = 0;
    return lines;
}
