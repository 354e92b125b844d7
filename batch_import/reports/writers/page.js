// The script of results.html. html_writer.py writes the data, and page.html has the elements.
"use strict";
(() => {
  // `data.rows` has one array per row of the import. The constants are the indexes of its items, in
  // the order in which html_writer.py writes them. MANIFEST is an array: the cells of the manifest's
  // columns, whose headings are in `data.columns`.
  const data = JSON.parse(document.getElementById("data").textContent);
  const [LINE, STATUS, ID, TITLE, SECONDS, THUMB, URL, CODE, SOURCE, ERROR, CREATED, CAUSE, SHARE,
    MANIFEST] = Array.from({ length: 14 }, (_, index) => index);
  const $ = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en");
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  // The shape of the play symbol, as an SVG path.
  const PLAY_PATH = "M8 5.5v13l11-6.5z";

  // Search, filters and order ---------------------------------------------------------------

  // Letters that Unicode normalization does not decompose, and the letters that people search for.
  const LETTERS = {
    "\u00e6": "ae", "\u0153": "oe", "\u00df": "ss", "\u00f8": "o", "\u0142": "l", "\u0111": "d",
    "\u00f0": "d", "\u00fe": "th", "\u0131": "i", "\u0127": "h", "\u0167": "t", "\u014b": "n",
  };
  const specialLetter = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "g");
  /** Returns a text for comparison: in lower case, without accents. */
  const fold = (text) => {
    const lower = text.toLowerCase();
    if (/^[\0-\x7f]*$/.test(lower)) return lower;
    return lower.normalize("NFKD").replace(/\p{M}/gu, "")
      .replace(specialLetter, (letter) => LETTERS[letter]);
  };
  // For each row, the text in which words are searched for.
  const searchTexts = data.rows.map((row) =>
    fold([row[TITLE], row[ID], row[SOURCE], row[ERROR], ...row[MANIFEST]].join("\n")));
  // Functions that compare two rows, by the values of the element "sort".
  const comparisons = {
    line: () => 0,
    title: (a, b) => collator.compare(a[TITLE], b[TITLE]),
    duration: (a, b) => (b[SECONDS] ?? -1) - (a[SECONDS] ?? -1),
    created: (a, b) => (a[CREATED] < b[CREATED]) - (a[CREATED] > b[CREATED]),
    status: (a, b) => a[STATUS] - b[STATUS],
  };
  // What the reader has chosen. Rows are identified by their index in `data.rows`.
  // status: name of the only status that is shown; "" for all. cause: number of the only cause that is
  // shown; null for all. column: index of the column of groups; null for none. group: the only group
  // that is shown; null for all. selected: indexes of selected rows. order: all indexes, sorted. shown:
  // indexes of the rows that match, sorted.
  const state = {
    status: "", cause: null, column: data.group, group: null, selected: new Set(),
    order: data.rows.map((_, index) => index), shown: [],
  };

  const sort = () => {
    const compare = comparisons[$("sort").value];
    state.order = data.rows.map((_, index) => index)
      .sort((a, b) => compare(data.rows[a], data.rows[b]) || a - b);
  };

  /** Whether a row matches all filters and all words of the search. */
  const matches = (index, words) => {
    const row = data.rows[index];
    return (!state.status || data.statuses[row[STATUS]].name === state.status)
      && (state.cause === null || row[CAUSE] === state.cause)
      && (state.group === null || row[MANIFEST][state.column] === state.group)
      && words.every((word) => searchTexts[index].includes(word));
  };

  /** Filters the rows again, and draws them. */
  const show = () => {
    const words = fold($("search").value).split(/\s+/).filter(Boolean);
    state.shown = state.order.filter((index) => matches(index, words));
    const areAllShown = state.shown.length === data.rows.length;
    $("count").textContent = areAllShown
      ? `${number.format(data.rows.length)} in all`
      : `${number.format(state.shown.length)} of ${number.format(data.rows.length)}`;
    $("clear").hidden = areAllShown;
    $("none").hidden = state.shown.length > 0;
    for (const chip of document.querySelectorAll(".chip"))
      chip.setAttribute("aria-pressed", chip.dataset.status === state.status && state.cause === null);
    for (const button of document.querySelectorAll("[data-cause]"))
      button.setAttribute("aria-pressed", Number(button.dataset.cause) === state.cause);
    updateSelection();
    view.clear();
    view.draw();
  };

  // Elements. Texts are inserted as text nodes, never as HTML ----------------------------------

  /** Returns a new element. The attribute `onclick` is a function. */
  const element = (name, attributes = {}, ...children) => {
    const created = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
      if (key === "onclick") created.addEventListener("click", value);
      else created.setAttribute(key, value);
    created.append(...children);
    return created;
  };

  /** Returns an SVG element with one path. */
  const icon = (pathData) => {
    const namespace = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(namespace, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(namespace, "path");
    path.setAttribute("d", pathData);
    svg.append(path);
    return svg;
  };

  /** Returns a duration as `1:02:03`, or as `2:03` if it is shorter than an hour. */
  const formatDuration = (duration) => {
    const total = Math.round(duration);
    const numbers = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
    const [, minutes, seconds] = numbers.map((part) => String(part).padStart(2, "0"));
    return numbers[0] ? `${numbers[0]}:${minutes}:${seconds}` : `${numbers[1]}:${seconds}`;
  };

  /** Returns the embed code of a row. Most rows have only the number of a template without URL. */
  const code = (row) => {
    if (typeof row[CODE] === "string") return row[CODE];
    const [before, after] = data.codes[row[CODE]];
    return before + row[URL] + after;
  };

  /** Returns the checkbox that selects a row. */
  const checkbox = (index) => {
    const row = data.rows[index];
    const box = element("input", {
      type: "checkbox", "aria-label": `Select ${row[TITLE] || `line ${row[LINE]}`}`,
    });
    box.checked = state.selected.has(index);
    box.addEventListener("change", () => {
      if (box.checked) state.selected.add(index);
      else state.selected.delete(index);
      box.closest(".card").classList.toggle("chosen", box.checked);
      updateSelection();
    });
    return element("label", { class: "tick" }, box);
  };

  /** Returns the upper part of a card: the thumbnail, or the reason why there is no video. */
  const picture = (index) => {
    const row = data.rows[index];
    const frame = element("div", { class: "thumb" }, checkbox(index));
    if (row[ERROR] && !row[URL]) {
      frame.append(element("p", { class: "reason", title: row[ERROR] }, row[ERROR]));
    } else if (row[THUMB]) {
      const image = element("img", { src: row[THUMB], alt: "", loading: "lazy", decoding: "async" });
      image.addEventListener("error", () => image.replaceWith(icon(PLAY_PATH)));
      frame.append(image);
    } else {
      frame.append(icon(PLAY_PATH));
    }
    if (row[SECONDS] !== null)
      frame.append(element("span", { class: "length" },
        element("span", { class: "hidden" }, "Duration "), formatDuration(row[SECONDS])));
    return frame;
  };

  /** Returns the buttons of a card. */
  const actions = (row) => {
    const bar = element("div", { class: "actions" });
    const title = row[TITLE];
    if (code(row))
      bar.append(element("button", {
        type: "button", class: "primary", "aria-label": `Copy embed code of ${title}`,
        onclick: (event) => copy(row, event.currentTarget),
      }, "Copy embed code"));
    const label = row[URL] ? "Preview" : "Details";
    bar.append(element("button", {
      type: "button", "aria-label": `${label} of ${title || `line ${row[LINE]}`}`,
      onclick: () => preview(row),
    }, label));
    if (!row[URL])
      bar.append(element("span", { class: "source", title: row[SOURCE] }, row[SOURCE]));
    return bar;
  };

  // The indexes of the manifest's columns, the most useful first: columns whose values several videos
  // share; then columns with mostly different values, such as IDs; then columns with a single value.
  const usefulColumns = (() => {
    const sample = data.rows.slice(0, 500);
    const ranks = data.columns.map((_, column) => {
      const values = new Set(sample.map((row) => row[MANIFEST][column]).filter(Boolean));
      return values.size < 2 ? 2 : Number(values.size > sample.length / 2);
    });
    return [...data.columns.keys()].sort((a, b) => ranks[a] - ranks[b] || a - b);
  })();

  // Maximum length, in characters, of a column name on a card: a card is about 40 characters wide.
  const MAX_NAME_LENGTH = 12;
  const shorten = (text, length) =>
    text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text;

  /** Returns the card of a row. `position` is its index in `state.shown`. */
  const card = (index, position) => {
    const row = data.rows[index];
    const status = data.statuses[row[STATUS]];
    // A card has space for two or three columns of the manifest. The column of groups comes first.
    const manifestCells = [...usefulColumns]
      .sort((a, b) => (b === state.column) - (a === state.column))
      .map((column) => [data.columns[column], row[MANIFEST][column]]).filter(([, text]) => text);
    const join = (cells) => cells.map(([name, text]) => `${name}: ${text}`).join(" · ");
    return element("li", {
      class: state.selected.has(index) ? "card chosen" : "card",
      "aria-setsize": state.shown.length, "aria-posinset": position + 1,
    },
    picture(index),
    element("div", { class: "about" },
      element("h3", { title: row[TITLE] }, row[TITLE] || `Line ${row[LINE]}`),
      ...(data.columns.length ? [element("p", { class: "own", title: join(manifestCells) },
        join(manifestCells.map(([name, text]) => [shorten(name, MAX_NAME_LENGTH), text])))] : []),
      element("p", { class: "meta" },
        element("i", { class: `dot fill-${status.name}`, "aria-hidden": "true" }),
        element("span", {}, status.label),
        element("span", { class: "id", title: row[ID] }, row[ID])),
      actions(row)));
  };

  // The list of cards. Only visible cards, and one screen above and below, are in the document -----

  const view = (() => {
    const list = $("cards");
    // Index in `state.shown` → card in the document.
    const cards = new Map();
    // Number of cards beside each other, and height of such a line with its gap; null if unknown.
    let layout = null;

    /** Removes all cards. */
    const clear = () => {
      cards.clear();
      list.replaceChildren();
      layout = null;
    };

    /** Reads from the browser how it arranges the cards. */
    const measure = () => {
      if (layout) return;
      if (!cards.size) add(0, null);
      const style = getComputedStyle(list);
      layout = {
        columns: style.gridTemplateColumns.split(" ").length,
        height: cards.values().next().value.offsetHeight + parseFloat(style.rowGap),
      };
    };

    /** Adds a card before the card `next`; at the end if `next` is null. */
    const add = (position, next) => {
      const created = card(state.shown[position], position);
      cards.set(position, created);
      list.insertBefore(created, next);
      return created;
    };

    /** Adds the cards that are visible, and removes the others. Padding takes their place. */
    const draw = () => {
      if (!state.shown.length) return;
      measure();
      const { columns, height } = layout;
      const lines = Math.ceil(state.shown.length / columns);
      const top = -list.getBoundingClientRect().top;
      const first = Math.min(lines - 1, Math.max(0, Math.floor((top - innerHeight) / height)));
      const last = Math.min(lines, Math.max(1, Math.ceil((top + 2 * innerHeight) / height)));
      const start = first * columns;
      const end = Math.min(state.shown.length, last * columns);
      for (const [position, existing] of cards)
        if (position < start || position >= end) {
          existing.remove();
          cards.delete(position);
        }
      let next = null;
      for (let position = end - 1; position >= start; position -= 1)
        next = cards.get(position) ?? add(position, next);
      list.style.paddingTop = `${first * height}px`;
      list.style.paddingBottom = `${Math.max(0, lines - last) * height}px`;
    };

    let isScheduled = false;
    /** Draws before the browser paints next: once, however many events there are. */
    const scheduleDraw = () => {
      if (isScheduled) return;
      isScheduled = true;
      requestAnimationFrame(() => {
        isScheduled = false;
        draw();
      });
    };
    addEventListener("scroll", scheduleDraw, { passive: true });
    addEventListener("resize", () => {
      layout = null;
      scheduleDraw();
    });
    return { clear, draw };
  })();

  // Copy and preview -------------------------------------------------------------------------

  /** Announces a text to screen readers. */
  const announce = (text) => {
    $("announcement").textContent = text;
  };

  /** Copies a text to the clipboard; throws an error if the browser does not allow it. */
  const toClipboard = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A browser may refuse the clipboard to a page from a file, but still copies selected text.
      const area = element("textarea", { class: "hidden", "aria-hidden": "true" });
      area.value = text;
      (document.querySelector("dialog[open]") ?? document.body).append(area);
      area.select();
      const isCopied = document.execCommand("copy");
      area.remove();
      if (!isCopied) throw new Error("no clipboard");
    }
  };

  /** Shows the result of a click as the text of the button, for two seconds. */
  const flash = (button, text) => {
    button.dataset.label ??= button.textContent;
    button.textContent = text;
    button.focus();
    setTimeout(() => {
      button.textContent = button.dataset.label;
    }, 2000);
  };

  const copy = async (row, button) => {
    try {
      await toClipboard(code(row));
      flash(button, "Copied ✓");
      announce(`The embed code of ${row[TITLE]} is copied.`);
    } catch {
      flash(button, "Not copied");
      announce("The browser does not allow copying. Open the preview and copy the code from there.");
    }
  };

  /** Sets the URL of a link, or hides the link if there is no URL. */
  const setLink = (anchor, url) => {
    anchor.hidden = !url;
    if (url) anchor.href = url;
  };

  /** Opens the dialog with the player and the facts of a row. */
  const preview = (row) => {
    $("preview-title").textContent = row[TITLE];
    $("screen").hidden = !row[URL];
    if (row[URL])
      $("screen").replaceChildren(element("iframe", {
        src: row[URL], title: row[TITLE], allowfullscreen: "",
        allow: "autoplay; encrypted-media; picture-in-picture",
        referrerpolicy: "strict-origin-when-cross-origin",
      }));
    $("preview-reason").textContent = row[ERROR];
    $("preview-reason").hidden = !row[ERROR];
    const facts = [["Status", data.statuses[row[STATUS]].label], ["Reference id", row[ID]],
      ["Source", row[SOURCE]], ...data.columns.map((name, column) => [name, row[MANIFEST][column]])];
    $("facts").replaceChildren(...facts.filter(([, text]) => text).flatMap(([name, text]) =>
      [element("dt", {}, name), element("dd", {}, text)]));
    $("code").value = code(row);
    $("code").parentElement.hidden = $("copy-code").hidden = !code(row);
    $("copy-code").onclick = (event) => copy(row, event.currentTarget);
    setLink($("open-page"), row[URL]);
    setLink($("open-share"), row[SHARE]);
    $("preview").showModal();
  };

  // Without its frame, the player stops.
  $("preview").addEventListener("close", () => $("screen").replaceChildren());
  $("preview").addEventListener("click", (event) => {
    if (event.target === event.currentTarget) event.currentTarget.close();
  });
  $("close").addEventListener("click", () => $("preview").close());

  // Actions for all rows that are selected or shown --------------------------------------------

  /** Returns the selected rows; if none is selected, the rows that are shown. */
  const chosenRows = () => {
    const indexes = state.selected.size
      ? state.order.filter((index) => state.selected.has(index)) : state.shown;
    return indexes.map((index) => data.rows[index]);
  };

  /** Updates the checkbox "select-all" and its label. */
  const updateSelection = () => {
    const count = state.selected.size;
    $("selected").textContent = count ? `${number.format(count)} selected` : "Select all shown";
    const areAllSelected = count > 0 && state.shown.every((index) => state.selected.has(index));
    $("select-all").checked = areAllSelected;
    $("select-all").indeterminate = count > 0 && !areAllSelected;
  };

  $("select-all").addEventListener("change", (event) => {
    state.selected = new Set(event.target.checked ? state.shown : []);
    show();
  });

  $("copy-all").addEventListener("click", async () => {
    const codes = chosenRows().map(code).filter(Boolean);
    try {
      await toClipboard(codes.join("\n"));
      flash($("copy-all"), `Copied ${number.format(codes.length)} ✓`);
      announce(`${number.format(codes.length)} embed codes are copied.`);
    } catch {
      flash($("copy-all"), "Not copied");
      announce("The browser does not allow copying. Download them instead.");
    }
  });

  // Downloads. The headings are those of results.csv; a column of the manifest with the same heading
  // gets another one.
  const HEADINGS = ["referenceId", "title", "status", "embedCode", "embedUrl", "shareUrl",
    "thumbnail", "createdDate", "sourceUrl", "error", "line"];
  const usedHeadings = new Set(HEADINGS);
  const headings = [...HEADINGS, ...data.columns.map((name) => {
    const heading = usedHeadings.has(name) ? `${name} (manifest)` : name;
    usedHeadings.add(heading);
    return heading;
  })];
  const cellsOf = (row) => [row[ID], row[TITLE], data.statuses[row[STATUS]].name, code(row),
    row[URL], row[SHARE], row[THUMB], row[CREATED], row[SOURCE], row[ERROR], String(row[LINE]),
    ...row[MANIFEST]];

  // As in results.csv, a cell that a spreadsheet would execute gets an apostrophe before it.
  const FORMULA = /^'*(?:[\t\r\n]|[\s\0-\x1f\x7f-\xa0\u200b-\u200f\u2060\ufeff'"\u2018-\u201f]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])/;
  const INTEGER = /^'*(?:0|-?[1-9][0-9]{0,14})$/;
  /** Returns a cell as it is written to a CSV file: escaped, and with quotation marks if needed. */
  const csvCell = (text) => {
    const escaped = FORMULA.test(text) && !INTEGER.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(escaped) ? `"${escaped.replaceAll('"', '""')}"` : escaped;
  };

  /** Lets the browser save a file with these parts. */
  const save = (name, type, parts) => {
    const address = globalThis.URL.createObjectURL(new Blob(parts, { type }));
    element("a", { href: address, download: name }).click();
    setTimeout(() => globalThis.URL.revokeObjectURL(address), 60_000);
  };

  $("save-csv").addEventListener("click", () => {
    const lines = [headings, ...chosenRows().map(cellsOf)]
      .map((cells) => `${cells.map(csvCell).join(",")}\r\n`);
    save("videos.csv", "text/csv", ["\ufeff", ...lines]);
  });
  $("save-json").addEventListener("click", () => {
    const objects = chosenRows().map((row) => {
      const cells = cellsOf(row);
      return Object.fromEntries(headings.map((heading, index) => [heading, cells[index]]));
    });
    save("videos.json", "application/json", [JSON.stringify(objects, null, 1)]);
  });

  // Groups -----------------------------------------------------------------------------------

  /** Fills the choice of the column of groups. */
  const fillColumns = () => {
    const none = element("option", { value: "" }, "No groups");
    $("column").replaceChildren(none, ...data.columns.map((name, column) =>
      element("option", { value: column }, name)));
    $("column").value = state.column ?? "";
    $("column").parentElement.hidden = !data.columns.length;
  };

  /** Fills the choice of the group with the groups of the column and their numbers of videos. */
  const fillGroups = () => {
    $("group").parentElement.hidden = state.column === null;
    if (state.column === null) return;
    const counts = new Map();
    for (const row of data.rows)
      counts.set(row[MANIFEST][state.column], (counts.get(row[MANIFEST][state.column]) ?? 0) + 1);
    const groups = [...counts].sort(([a], [b]) => collator.compare(a, b)).slice(0, 2_000);
    $("group").replaceChildren(
      element("option", { value: "" }, `Every ${data.columns[state.column]}`),
      ...groups.map(([name, count], index) => {
        const text = `${name || "(blank)"} (${number.format(count)})`;
        const option = element("option", { value: index + 1 }, text);
        option.group = name;
        return option;
      }));
  };

  $("column").addEventListener("change", () => {
    state.column = $("column").value === "" ? null : Number($("column").value);
    state.group = null;
    fillGroups();
    show();
  });
  $("group").addEventListener("change", () => {
    state.group = $("group").selectedOptions[0].group ?? null;
    show();
  });

  // Controls ---------------------------------------------------------------------------------

  $("search").addEventListener("input", show);
  $("sort").addEventListener("change", () => {
    sort();
    show();
  });
  $("clear").addEventListener("click", () => {
    state.status = "";
    state.cause = state.group = null;
    $("group").value = "";
    $("search").value = "";
    $("search").focus();
    show();
  });
  for (const chip of document.querySelectorAll(".chip"))
    chip.addEventListener("click", () => {
      state.status = chip.dataset.status;
      state.cause = null;
      show();
    });
  for (const button of document.querySelectorAll("[data-cause]"))
    button.addEventListener("click", () => {
      const cause = Number(button.dataset.cause);
      state.cause = state.cause === cause ? null : cause;
      state.status = "";
      show();
      if (state.cause !== null) $("videos").scrollIntoView();
    });
  addEventListener("keydown", (event) => {
    // The key "/" moves to the search, unless the reader is typing or looking at a preview.
    const isTyping = event.target.closest("input, textarea, select, dialog");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    $("search").focus();
  });

  // Printing: the document has only the visible cards, so all rows that are shown become a table.
  const tableRow = (cellName, texts) =>
    element("tr", {}, ...texts.map((text) => element(cellName, {}, text)));
  addEventListener("beforeprint", () => {
    const lines = state.shown.map((index) => data.rows[index]).map((row) => tableRow("td", [
      row[TITLE], row[ID], data.statuses[row[STATUS]].label, row[URL] || row[ERROR],
      ...(state.column === null ? [] : [row[MANIFEST][state.column]]),
    ]));
    $("printed").replaceChildren(
      element("thead", {}, tableRow("th", [
        "Title", "Reference id", "Status", "Player page, or reason",
        ...(state.column === null ? [] : [data.columns[state.column]]),
      ])),
      element("tbody", {}, ...lines));
  });
  addEventListener("afterprint", () => $("printed").replaceChildren());

  // Times are shown in the reader's time zone. Controls are hidden in the page, in case there is no
  // JavaScript.
  for (const time of document.querySelectorAll("time"))
    time.textContent = new Date(time.dateTime)
      .toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  for (const part of document.querySelectorAll(".tools, .bulk")) part.hidden = false;
  fillColumns();
  fillGroups();
  show();
})();
