/* site.js: the search of all pages, and search and filters of the page of differences and of the
 * reference. The pages are complete without it. */
"use strict";

(function () {
    const joined = (text) => text.replace(/-/g, "");

    /* Words of a question that say nothing about its subject. */
    const FILLERS = new Set(("a an and are as at be can do does for from how i if in into is it my of on one or that " +
        "the to what when where which why with").split(" "));

    /* The words of a query, without fillers if it has others. The hyphens of a word do not count, and FER_
     * before it does not. */
    function wordsOf(query) {
        const words = query.toLowerCase().split(/[\s,?]+/).map((word) => joined(word.replace(/^fer_/, "")));
        const told = words.filter((word) => word && !FILLERS.has(word));
        return told.length > 0 ? told : words.filter(Boolean);
    }

    /* The text that is searched: that of the element and its hidden words. */
    function textOf(element) {
        const text = (element.textContent + " " + element.dataset.words).toLowerCase();
        return text + " " + joined(text);
    }

    const SHORT_WORD = 3;

    /* A short word counts only where a word begins: "rst" is not found in "first". */
    function indexOfWord(text, word, from = 0) {
        let at = text.indexOf(word, from);
        while (word.length <= SHORT_WORD && at > 0 && /[a-z0-9]/.test(text[at - 1])) {
            at = text.indexOf(word, at + 1);
        }
        return at;
    }

    function countWords(text, words) {
        return words.filter((word) => indexOfWord(text, word) >= 0).length;
    }

    /* Marks each word of the query, if the browser can do that without a change of the page. */
    function highlight(root, words) {
        if (!window.Highlight || !CSS.highlights) {
            return;
        }
        const ranges = [];
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (words.length > 0 && walker.nextNode()) {
            const text = walker.currentNode.data.toLowerCase();
            for (const word of words) {
                for (let at = indexOfWord(text, word); at >= 0; at = indexOfWord(text, word, at + 1)) {
                    const range = new Range();
                    range.setStart(walker.currentNode, at);
                    range.setEnd(walker.currentNode, at + word.length);
                    ranges.push(range);
                }
            }
        }
        CSS.highlights.set("found", new Highlight(...ranges));
    }

    /* Keeps the filters in the address, so that it can be sent to others. */
    function keepInAddress(values) {
        const query = new URLSearchParams(values.filter(([, value]) => value !== "")).toString();
        const address = location.pathname + (query ? "?" + query : "") + location.hash;
        try {
            history.replaceState(null, "", address);
        } catch (error) {
            /* Some browsers do not permit it for files. */
        }
    }

    /* ---- The page of differences */

    function startDifferences(form) {
        const root = document.getElementById("differences");
        const boxes = Array.from(form.querySelectorAll("input[name=system]"));
        const rows = Array.from(root.querySelectorAll(".entry.row"), (row) => ({
            element: row,
            text: textOf(row),
            rules: row.dataset.rules.split(" "),
            systems: row.dataset.systems.split(" "),
            cells: Array.from(row.querySelectorAll("[data-kinds]"), (cell) => ({
                columns: cell.className.split(" "),
                kinds: cell.dataset.kinds.split(" "),
            })),
        }));
        const rules = Array.from(root.querySelectorAll(".entry.rule-text"), (rule) => ({
            element: rule,
            text: textOf(rule),
            number: rule.dataset.rule,
        }));
        const families = Array.from(root.querySelectorAll(".family"));
        const groups = Array.from(root.querySelectorAll(".bsds div"), (group) => ({
            element: group,
            systems: group.className.split(" "),
        }));

        function rowPasses(row, systems, kind) {
            const isOther = (column) => !boxes.some((box) => box.value === column);
            return (systems.length === boxes.length ||
                    row.systems.some((system) => systems.includes(system))) &&
                (kind === "" || row.cells.some((cell) => cell.kinds.includes(kind) &&
                    cell.columns.some((column) => isOther(column) || systems.includes(column))));
        }

        function update() {
            const words = wordsOf(form.elements.q.value);
            const systems = boxes.filter((box) => box.checked).map((box) => box.value);
            const kind = form.elements.kind.value;
            const isFiltered = words.length > 0 || kind !== "" || systems.length < boxes.length;
            const passing = rows.filter((row) => rowPasses(row, systems, kind));
            const searched = kind === "" ? passing.concat(rules) : passing;
            /* Without a row or a rule that has all words, those that have the most are shown. */
            const most = Math.max(0, ...searched.map((entry) => countWords(entry.text, words)));
            const isFound = (entry) => countWords(entry.text, words) === most &&
                (most > 0 || words.length === 0);
            const shownRules = new Set();
            let count = 0;
            for (const row of rows) {
                const isShown = passing.includes(row) && isFound(row);
                row.element.hidden = !isShown;
                if (isShown) {
                    count++;
                    row.rules.forEach((rule) => shownRules.add(rule));
                }
            }
            let ruleCount = 0;
            for (const rule of rules) {
                const isMatch = words.length > 0 && kind === "" && isFound(rule);
                rule.element.hidden = isFiltered && !isMatch && !shownRules.has(rule.number);
                ruleCount += rule.element.hidden ? 0 : 1;
            }
            for (const table of root.querySelectorAll("table")) {
                table.hidden = isFiltered && !table.querySelector(".entry:not([hidden])");
            }
            for (const family of families) {
                family.hidden = isFiltered && !family.querySelector(".entry:not([hidden])");
            }
            for (const box of boxes) {
                root.classList.toggle("without-" + box.value, !box.checked);
            }
            /* What several systems do is shown if one of them is. */
            for (const group of groups) {
                group.element.hidden = !group.systems.some((system) => systems.includes(system));
            }
            root.classList.toggle("without-bsds",
                !groups.some((group) => group.systems.some((system) => systems.includes(system))));
            root.classList.toggle("is-filtered", isFiltered);
            document.getElementById("nothing").hidden = count + ruleCount > 0;
            const closest = document.getElementById("closest");
            closest.hidden = count + ruleCount === 0 || most === words.length;
            closest.textContent = closest.hidden ? ""
                : `No rule and no row has all ${words.length} words. These have ${most} of them:`;
            form.elements.count.value = isFiltered
                ? `${count} of ${rows.length} rows, ${ruleCount} of ${rules.length} rules`
                : `${rows.length} rows, ${rules.length} rules`;
            highlight(root, words);
            keepInAddress([["q", form.elements.q.value.trim()], ["kind", kind],
                ["systems", systems.length < boxes.length ? systems.join(" ") : ""]]);
        }

        /* A link to a row or a rule that is filtered out shows everything again. */
        function showTarget() {
            const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
            if (target && root.contains(target) && target.closest("[hidden]")) {
                form.reset();
                update();
                target.scrollIntoView();
            }
        }

        const start = new URLSearchParams(location.search);
        form.elements.q.value = start.get("q") || "";
        form.elements.kind.value = start.get("kind") || "";
        if (start.get("systems")) {
            boxes.forEach((box) => { box.checked = start.get("systems").split(" ").includes(box.value); });
        }
        form.addEventListener("input", update);
        form.addEventListener("submit", (event) => event.preventDefault());
        form.addEventListener("reset", () => setTimeout(update));
        window.addEventListener("hashchange", showTarget);
        form.hidden = false;
        update();
        showTarget();
    }

    /* ---- The table of functions */

    function startNames(form) {
        const entries = Array.from(document.querySelectorAll(".functions .entry"), (entry) => ({
            element: entry,
            text: textOf(entry),
        }));

        function update() {
            const words = wordsOf(form.elements.q.value);
            let count = 0;
            for (const entry of entries) {
                entry.element.hidden = countWords(entry.text, words) < words.length;
                count += entry.element.hidden ? 0 : 1;
            }
            const nothing = document.getElementById("no-names");
            nothing.hidden = count > 0;
            nothing.querySelector("a").search = new URLSearchParams({q: form.elements.q.value.trim()});
            form.elements.count.value = `${count} of ${entries.length} functions`;
        }

        form.addEventListener("input", update);
        form.addEventListener("submit", (event) => event.preventDefault());
        form.hidden = false;
        update();
    }

    /* ---- The search of all pages */

    const MOST_RESULTS = 50;

    const EXCERPT = 300;

    /* The part of a text that has the most words of the query. */
    function excerptOf(text, words) {
        const lower = text.toLowerCase();
        let best = {from: 0, count: 0};
        for (const word of words) {
            for (let at = indexOfWord(lower, word); at >= 0; at = indexOfWord(lower, word, at + 1)) {
                const from = Math.max(0, at - 60);
                const count = countWords(lower.slice(from, from + EXCERPT), words);
                best = count > best.count ? {from, count} : best;
            }
        }
        const from = best.from === 0 ? 0 : text.indexOf(" ", best.from) + 1;
        return (from > 0 ? "… " : "") + text.slice(from, from + EXCERPT) +
            (text.length > from + EXCERPT ? " …" : "");
    }

    function resultOf(index, [page, anchor, title, text], words) {
        const [address, pageTitle] = index.pages[page];
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = address + (anchor ? "#" + anchor : "");
        link.textContent = title;
        const where = document.createElement("span");
        where.className = "where";
        where.textContent = pageTitle;
        const excerpt = document.createElement("p");
        excerpt.textContent = excerptOf(text, words);
        item.append(link, " ", where, excerpt);
        return item;
    }

    const FEW_RESULTS = 12;

    /* Sections that have all words, and if they are few, those that have one word less. Those with words
     * in their titles are first, and what is true of Wine only is last. */
    function search(entries, words) {
        const query = words.join(" ");
        const counts = new Map(entries.map((entry) => [entry, countWords(entry.text, words)]));
        const most = Math.max(0, ...counts.values());
        const rank = (entry) => 4 * countWords(entry.title, words) +
            2 * words.filter((word) => entry.names.includes(word)).length +
            (entry.name === query ? 9 : 0) - (entry.section[1].startsWith("wine-") ? 3 : 0);
        const sorted = (number) => number < 1 ? [] : entries
            .filter((entry) => counts.get(entry) === number)
            .sort((a, b) => rank(b) - rank(a) || a.length - b.length);
        const best = sorted(most);
        return {most, best: best.length, found: best.length < FEW_RESULTS ? best.concat(sorted(most - 1)) : best};
    }

    function startSearch(form, index) {
        const list = document.getElementById("results");
        const entries = index.sections.map((section) => {
            const title = section[2].toLowerCase();
            const text = section.slice(2).join(" ").toLowerCase();
            return {section, name: wordsOf(title).join(" "), title: title + " " + joined(title),
                names: section[4].toLowerCase().split(" "), text: text + " " + joined(text),
                length: section[3].length};
        });

        function update() {
            const words = wordsOf(form.elements.q.value);
            const {most, best, found} = search(entries, words);
            list.replaceChildren(...found.slice(0, MOST_RESULTS).map(
                (entry) => resultOf(index, entry.section, words)));
            const part = most < words.length && most > 0 ? ` with ${most} of ${words.length} words` : "";
            const others = found.length > best ? `, ${found.length - best} with one word less` : "";
            form.elements.count.value = words.length === 0 ? ""
                : `${best} ${best === 1 ? "result" : "results"}${part}${others}` +
                    (found.length > MOST_RESULTS ? `; the first ${MOST_RESULTS}` : "");
            highlight(list, words);
            keepInAddress([["q", form.elements.q.value.trim()]]);
        }

        form.elements.q.value = new URLSearchParams(location.search).get("q") || "";
        form.addEventListener("input", update);
        form.addEventListener("submit", (event) => event.preventDefault());
        form.hidden = false;
        update();
        if (!location.search) {
            form.elements.q.focus();
        }
    }

    const find = document.querySelector(".find");
    const everything = document.getElementById("search");
    if (everything) {
        startSearch(everything, window.ferruleIndex);
    } else {
        find.hidden = false;
    }
    const differences = document.getElementById("filters");
    if (differences) {
        startDifferences(differences);
    }
    const names = document.getElementById("names-filter");
    if (names) {
        startNames(names);
    }
})();
