// Colours texts as an editor does, with the engine of VS Code.
//
//     node grammar.cjs GRAMMAR
//
// Each line that comes in is a text as JSON; each that goes out has its lines, each a list of
// [token, scopes].
"use strict";
const fs = require("node:fs");
const readline = require("node:readline");
const oniguruma = require("vscode-oniguruma");
const { Registry, INITIAL, parseRawGrammar } = require("vscode-textmate");

async function main() {
    const file = process.argv[2];
    await oniguruma.loadWASM(fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")));
    const onigLib = Promise.resolve({
        createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
        createOnigString: (text) => new oniguruma.OnigString(text),
    });
    const loadGrammar = async () => parseRawGrammar(fs.readFileSync(file, "utf8"), file);
    const grammar = await new Registry({ onigLib, loadGrammar }).loadGrammar("source.sokoni-menu");
    for await (const text of readline.createInterface({ input: process.stdin })) {
        let stack = INITIAL;
        const lines = JSON.parse(text).split("\n").map((line) => {
            const read = grammar.tokenizeLine(line, stack);
            stack = read.ruleStack;
            return read.tokens.map((token) => [
                line.slice(token.startIndex, token.endIndex),
                token.scopes.slice(1).join(" "),
            ]);
        });
        process.stdout.write(`${JSON.stringify({ lines })}\n`);
    }
}

main();
