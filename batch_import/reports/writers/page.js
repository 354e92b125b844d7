"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const [LINE, STATUS, ID, TITLE, SECONDS, THUMB, URL, CODE, SOURCE, ERROR, CREATED, CAUSE, SHARE, OWN] =
    Array.from({ length: 14 }, (_, place) => place);
  const $ = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en");
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const PLAY = "M8 5.5v13l11-6.5z";

  // What is shown ---------------------------------------------------------------------------

  // Letters that Unicode does not take apart.
  const LETTERS = {
    "\u00e6": "ae", "\u0153": "oe", "\u00df": "ss", "\u00f8": "o", "\u0142": "l", "\u0111": "d",
    "\u00f0": "d", "\u00fe": "th", "\u0131": "i", "\u0127": "h", "\u0167": "t", "\u014b": "n",
  };
  const strange = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "g");
  const fold = (text) => {
    const lower = text.toLowerCase();
    if (/^[\0-\x7f]*$/.test(lower)) return lower;
    return lower.normalize("NFKD").replace(/\p{M}/gu, "").replace(strange, (letter) => LETTERS[letter]);
  };
  const haystacks = data.rows.map((row) =>
    fold([row[TITLE], row[ID], row[SOURCE], row[ERROR], ...row[OWN]].join("\n")));
  const orders = {
    line: () => 0,
    title: (a, b) => collator.compare(a[TITLE], b[TITLE]),
    duration: (a, b) => (b[SECONDS] ?? -1) - (a[SECONDS] ?? -1),
    created: (a, b) => (a[CREATED] < b[CREATED]) - (a[CREATED] > b[CREATED]),
    status: (a, b) => a[STATUS] - b[STATUS],
  };
  const state = {
    status: "", cause: null, column: data.group, group: null, selected: new Set(),
    order: data.rows.map((_, at) => at), shown: [],
  };

  const sort = () => {
    const compare = orders[$("sort").value];
    state.order = data.rows.map((_, at) => at)
      .sort((a, b) => compare(data.rows[a], data.rows[b]) || a - b);
  };

  const fits = (words) => (at) => {
    const row = data.rows[at];
    return (!state.status || data.statuses[row[STATUS]].name === state.status)
      && (state.cause === null || row[CAUSE] === state.cause)
      && (state.group === null || row[OWN][state.column] === state.group)
      && words.every((word) => haystacks[at].includes(word));
  };

  const show = () => {
    const words = fold($("search").value).split(/\s+/).filter(Boolean);
    state.shown = state.order.filter(fits(words));
    const all = state.shown.length === data.rows.length;
    $("count").textContent = all
      ? `${number.format(data.rows.length)} in all`
      : `${number.format(state.shown.length)} of ${number.format(data.rows.length)}`;
    $("clear").hidden = all;
    $("none").hidden = state.shown.length > 0;
    for (const chip of document.querySelectorAll(".chip"))
      chip.setAttribute("aria-pressed", chip.dataset.status === state.status && state.cause === null);
    for (const button of document.querySelectorAll("[data-cause]"))
      button.setAttribute("aria-pressed", Number(button.dataset.cause) === state.cause);
    tellBulk();
    view.clear();
    view.draw();
  };

  // Elements: made one by one, their text is text --------------------------------------------

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
      if (key === "onclick") made.addEventListener("click", value);
      else made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const icon = (path) => {
    const space = "http://www.w3.org/2000/svg";
    const drawing = document.createElementNS(space, "svg");
    drawing.setAttribute("viewBox", "0 0 24 24");
    drawing.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(space, "path");
    line.setAttribute("d", path);
    drawing.append(line);
    return drawing;
  };

  const clock = (seconds) => {
    const whole = Math.round(seconds);
    const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, "0"));
    return parts[0] ? `${parts[0]}:${minutes}:${rest}` : `${parts[1]}:${rest}`;
  };

  const code = (row) => {
    if (typeof row[CODE] === "string") return row[CODE];
    const [before, after] = data.codes[row[CODE]];
    return before + row[URL] + after;
  };

  const tick = (at) => {
    const box = element("input", {
      type: "checkbox", "aria-label": `Select ${data.rows[at][TITLE] || `line ${data.rows[at][LINE]}`}`,
    });
    box.checked = state.selected.has(at);
    box.addEventListener("change", () => {
      if (box.checked) state.selected.add(at);
      else state.selected.delete(at);
      box.closest(".card").classList.toggle("chosen", box.checked);
      tellBulk();
    });
    return element("label", { class: "tick" }, box);
  };

  const picture = (at) => {
    const row = data.rows[at];
    const frame = element("div", { class: "thumb" }, tick(at));
    if (row[ERROR] && !row[URL]) {
      frame.append(element("p", { class: "reason", title: row[ERROR] }, row[ERROR]));
    } else if (row[THUMB]) {
      const image = element("img", { src: row[THUMB], alt: "", loading: "lazy", decoding: "async" });
      image.addEventListener("error", () => image.replaceWith(icon(PLAY)));
      frame.append(image);
    } else {
      frame.append(icon(PLAY));
    }
    if (row[SECONDS] !== null)
      frame.append(element("span", { class: "length" },
        element("span", { class: "hidden" }, "Duration "), clock(row[SECONDS])));
    return frame;
  };

  const actions = (row) => {
    const bar = element("div", { class: "actions" });
    const title = row[TITLE];
    if (code(row))
      bar.append(element("button", {
        type: "button", class: "primary", "aria-label": `Copy embed code of ${title}`,
        onclick: (event) => copy(row, event.currentTarget),
      }, "Copy embed code"));
    const word = row[URL] ? "Preview" : "Details";
    bar.append(element("button", {
      type: "button", "aria-label": `${word} of ${title || `line ${row[LINE]}`}`,
      onclick: () => preview(row),
    }, word));
    if (!row[URL])
      bar.append(element("span", { class: "source", title: row[SOURCE] }, row[SOURCE]));
    return bar;
  };

  // Columns whose values several videos share tell more than ids, and those more than constants.
  const usefulColumns = (() => {
    const sample = data.rows.slice(0, 500);
    const ranks = data.columns.map((_, column) => {
      const values = new Set(sample.map((row) => row[OWN][column]).filter(Boolean));
      return values.size < 2 ? 2 : Number(values.size > sample.length / 2);
    });
    return [...data.columns.keys()].sort((a, b) => ranks[a] - ranks[b] || a - b);
  })();

  const card = (at, place) => {
    const row = data.rows[at];
    const status = data.statuses[row[STATUS]];
    // There is room for two or three: the column of the groups comes first.
    const own = [...usefulColumns]
      .sort((a, b) => (b === state.column) - (a === state.column))
      .map((column) => [data.columns[column], row[OWN][column]]).filter(([, text]) => text);
    const summary = own.map(([name, text]) => `${name}: ${text}`).join(" · ");
    const chosen = state.selected.has(at);
    return element("li", {
      class: chosen ? "card chosen" : "card",
      "aria-setsize": state.shown.length, "aria-posinset": place + 1,
    },
    picture(at),
    element("div", { class: "about" },
      element("h3", { title: row[TITLE] }, row[TITLE] || `Line ${row[LINE]}`),
      ...(data.columns.length ? [element("p", { class: "own", title: summary }, summary)] : []),
      element("p", { class: "meta" },
        element("i", { class: `dot fill-${status.name}`, "aria-hidden": "true" }),
        element("span", {}, status.label),
        element("span", { class: "id", title: row[ID] }, row[ID])),
      actions(row)));
  };

  // Only what is in sight, and a screen around it, is in the document ------------------------

  const view = (() => {
    const list = $("cards");
    const drawn = new Map();
    let size = null;

    const clear = () => {
      drawn.clear();
      list.replaceChildren();
      size = null;
    };

    /** Columns, and the height of a line of cards, as the browser lays them out. */
    const measure = () => {
      if (size) return;
      if (!drawn.size) add(0, null);
      const style = getComputedStyle(list);
      size = {
        columns: style.gridTemplateColumns.split(" ").length,
        height: drawn.values().next().value.offsetHeight + parseFloat(style.rowGap),
      };
    };

    const add = (place, next) => {
      const made = card(state.shown[place], place);
      drawn.set(place, made);
      list.insertBefore(made, next);
      return made;
    };

    const draw = () => {
      if (!state.shown.length) return;
      measure();
      const { columns, height } = size;
      const lines = Math.ceil(state.shown.length / columns);
      const top = -list.getBoundingClientRect().top;
      const first = Math.min(lines - 1, Math.max(0, Math.floor((top - innerHeight) / height)));
      const last = Math.min(lines, Math.max(1, Math.ceil((top + 2 * innerHeight) / height)));
      const from = first * columns;
      const to = Math.min(state.shown.length, last * columns);
      for (const [place, made] of drawn)
        if (place < from || place >= to) {
          made.remove();
          drawn.delete(place);
        }
      let next = null;
      for (let place = to - 1; place >= from; place -= 1) next = drawn.get(place) ?? add(place, next);
      list.style.paddingTop = `${first * height}px`;
      list.style.paddingBottom = `${Math.max(0, lines - last) * height}px`;
    };

    let waiting = false;
    const soon = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw();
      });
    };
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", () => {
      size = null;
      soon();
    });
    return { clear, draw };
  })();

  // Copy and preview -------------------------------------------------------------------------

  const say = (text) => {
    $("said").textContent = text;
  };

  const toClipboard = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A browser that gives no clipboard to a file still copies what is selected.
      const holder = element("textarea", { class: "hidden", "aria-hidden": "true" });
      holder.value = text;
      (document.querySelector("dialog[open]") ?? document.body).append(holder);
      holder.select();
      const copied = document.execCommand("copy");
      holder.remove();
      if (!copied) throw new Error("no clipboard");
    }
  };

  /** Shows what came of a click on the button itself, for a moment. */
  const flash = (button, text) => {
    button.dataset.words ??= button.textContent;
    button.textContent = text;
    button.focus();
    setTimeout(() => {
      button.textContent = button.dataset.words;
    }, 2000);
  };

  const copy = async (row, button) => {
    try {
      await toClipboard(code(row));
      flash(button, "Copied ✓");
      say(`The embed code of ${row[TITLE]} is copied.`);
    } catch {
      flash(button, "Not copied");
      say("The browser does not allow copying. Open the preview and copy the code from there.");
    }
  };

  const link = (anchor, url) => {
    anchor.hidden = !url;
    if (url) anchor.href = url;
  };

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
      ["Source", row[SOURCE]], ...data.columns.map((name, column) => [name, row[OWN][column]])];
    $("facts").replaceChildren(...facts.filter(([, text]) => text).flatMap(([name, text]) =>
      [element("dt", {}, name), element("dd", {}, text)]));
    $("code").value = code(row);
    $("code").parentElement.hidden = $("copy-code").hidden = !code(row);
    $("copy-code").onclick = (event) => copy(row, event.currentTarget);
    link($("open-page"), row[URL]);
    link($("open-share"), row[SHARE]);
    $("preview").showModal();
  };

  // A closed preview plays no more.
  $("preview").addEventListener("close", () => $("screen").replaceChildren());
  $("preview").addEventListener("click", (event) => {
    if (event.target === event.currentTarget) event.currentTarget.close();
  });
  $("close").addEventListener("click", () => $("preview").close());

  // All that are shown, or selected ----------------------------------------------------------

  const chosen = () => {
    const places = state.selected.size
      ? state.order.filter((at) => state.selected.has(at)) : state.shown;
    return places.map((at) => data.rows[at]);
  };

  const tellBulk = () => {
    const count = state.selected.size;
    $("selected").textContent = count ? `${number.format(count)} selected` : "Select all shown";
    const all = count > 0 && state.shown.every((at) => state.selected.has(at));
    $("select-all").checked = all;
    $("select-all").indeterminate = count > 0 && !all;
  };

  $("select-all").addEventListener("change", (event) => {
    state.selected = new Set(event.target.checked ? state.shown : []);
    show();
  });

  $("copy-all").addEventListener("click", async () => {
    const codes = chosen().map(code).filter(Boolean);
    try {
      await toClipboard(codes.join("\n"));
      flash($("copy-all"), `Copied ${number.format(codes.length)} ✓`);
      say(`${number.format(codes.length)} embed codes are copied.`);
    } catch {
      flash($("copy-all"), "Not copied");
      say("The browser does not allow copying. Download them instead.");
    }
  });

  const HEADINGS = ["referenceId", "title", "status", "embedCode", "embedUrl", "shareUrl",
    "thumbnail", "createdDate", "sourceUrl", "error", "line"];
  const known = new Set(HEADINGS);
  const headings = [...HEADINGS, ...data.columns.map((name) => {
    const free = known.has(name) ? `${name} (manifest)` : name;
    known.add(free);
    return free;
  })];
  const cellsOf = (row) => [row[ID], row[TITLE], data.statuses[row[STATUS]].name, code(row),
    row[URL], row[SHARE], row[THUMB], row[CREATED], row[SOURCE], row[ERROR], String(row[LINE]),
    ...row[OWN]];

  // As in results.csv: what a spreadsheet would run has a mark in front of it.
  const FORMULA = /^'*(?:[\t\r\n]|[\s\0-\x1f\x7f-\xa0\u200b-\u200f\u2060\ufeff'"\u2018-\u201f]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])/;
  const WHOLE = /^'*(?:0|-?[1-9][0-9]{0,14})$/;
  const quoted = (text) => {
    const safe = FORMULA.test(text) && !WHOLE.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const save = (name, type, parts) => {
    const address = globalThis.URL.createObjectURL(new Blob(parts, { type }));
    element("a", { href: address, download: name }).click();
    setTimeout(() => globalThis.URL.revokeObjectURL(address), 60_000);
  };

  $("save-csv").addEventListener("click", () => {
    const lines = [headings, ...chosen().map(cellsOf)].map((cells) => `${cells.map(quoted).join(",")}\r\n`);
    save("videos.csv", "text/csv", ["\ufeff", ...lines]);
  });
  $("save-json").addEventListener("click", () => {
    const objects = chosen().map((row) => {
      const cells = cellsOf(row);
      return Object.fromEntries(headings.map((name, place) => [name, cells[place]]));
    });
    save("videos.json", "application/json", [JSON.stringify(objects, null, 1)]);
  });

  // Groups -----------------------------------------------------------------------------------

  const fillColumns = () => {
    const none = element("option", { value: "" }, "No groups");
    $("column").replaceChildren(none, ...data.columns.map((name, column) =>
      element("option", { value: column }, name)));
    $("column").value = state.column ?? "";
    $("column").parentElement.hidden = !data.columns.length;
  };

  const fillGroups = () => {
    $("group").parentElement.hidden = state.column === null;
    if (state.column === null) return;
    const counts = new Map();
    for (const row of data.rows)
      counts.set(row[OWN][state.column], (counts.get(row[OWN][state.column]) ?? 0) + 1);
    const groups = [...counts].sort(([a], [b]) => collator.compare(a, b)).slice(0, 2_000);
    $("group").replaceChildren(
      element("option", { value: "" }, `Every ${data.columns[state.column]}`),
      ...groups.map(([name, count], at) => {
        const option = element("option", { value: at + 1 }, `${name || "(blank)"} (${number.format(count)})`);
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
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    $("search").focus();
  });

  // On paper there is no scrolling: all that is shown becomes a table.
  const cells = (name, texts) => element("tr", {}, ...texts.map((text) => element(name, {}, text)));
  addEventListener("beforeprint", () => {
    const lines = state.shown.map((at) => data.rows[at]).map((row) => cells("td", [
      row[TITLE], row[ID], data.statuses[row[STATUS]].label, row[URL] || row[ERROR],
      ...(state.column === null ? [] : [row[OWN][state.column]]),
    ]));
    $("printed").replaceChildren(
      element("thead", {}, cells("th", [
        "Title", "Reference id", "Status", "Player page, or reason",
        ...(state.column === null ? [] : [data.columns[state.column]]),
      ])),
      element("tbody", {}, ...lines));
  });
  addEventListener("afterprint", () => $("printed").replaceChildren());

  for (const time of document.querySelectorAll("time"))
    time.textContent = new Date(time.dateTime)
      .toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  for (const part of document.querySelectorAll(".tools, .bulk")) part.hidden = false;
  fillColumns();
  fillGroups();
  show();
})();
