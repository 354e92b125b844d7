"""Uses the results page as people do: search, filter, copy, preview, print, on several screens."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from opened import Report, Seen
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from batch_import.models import ManifestColumns
from batch_import.reports.summary import ReportInfo
from batch_import.reports.table import Embedding, results_table
from batch_import.reports.writers.csv_writer import read_csv
from batch_import.reports.writers.html_writer import write_html
from batch_import.state.store import Store

#: Number of rows of the import.
ALL = 67


def titles(page: Page) -> list[str]:
    """Return the titles of the shown videos. A card is the element of one video."""
    return page.locator(".card h3").all_inner_texts()


def card(page: Page, title: str) -> Locator:
    """Search for a title; returns the first card with it."""
    page.locator("#search").fill(title)
    return page.locator(".card", has=page.locator("h3", has_text=title)).first


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_the_head_shows_the_numbers_of_the_import(page: Page, report: Report) -> None:
    assert page.locator("h1").inner_text() == report.folder.name
    assert page.locator(".lead").inner_text() == "64 of 67 videos are online"
    expect(page.locator(".chip")).to_have_text(["67 All", "64 Imported", "2 Failed", "1 Invalid"])
    assert page.locator(".causes .why").all_inner_texts()[0].startswith("The source could not be")
    assert "67 sent" not in page.locator(".key").inner_text()  # the invalid row was not sent
    assert "64 imported" in page.locator(".key").inner_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cafe", ["Café crème"]),  # accents are ignored
        ("TROMSØ nordlicht", ["Nordlicht über Tromsø"]),
        ("ラーメン", ["ラーメンの作り方 🍜"]),
        ("episode example.com/33.", ["Episode 33"]),
        ("gone.invalid", ["Lost in transit", "Lost again"]),
        ("tromso", ["Nordlicht über Tromsø"]),  # ø, which Unicode does not decompose
        ("soren lost", ["Lost in transit"]),  # also in the other columns of the manifest
        ("no such video", []),
    ],
)
def test_a_search_finds_videos_with_all_its_words(
    page: Page, text: str, expected: list[str]
) -> None:
    page.locator("#search").press_sequentially(text)
    assert titles(page) == expected
    assert page.locator("#count").inner_text() == f"{len(expected)} of {ALL}"
    expect(page.locator("#none")).to_be_visible(visible=not expected)
    page.locator("#clear").click()
    assert page.locator("#count").inner_text() == f"{ALL} in all"


def test_status_and_cause_filter_the_videos(page: Page) -> None:
    page.locator(".chip", has_text="Failed").click()
    assert titles(page) == ["Lost in transit", "Lost again"]
    expect(page.locator(".chip[aria-pressed=true]")).to_have_text("2 Failed")
    page.locator(".chip", has_text="Invalid").click()
    assert titles(page) == ["No address"]
    page.locator(".causes button", has_text="gone.invalid").click()
    assert titles(page) == ["Lost in transit", "Lost again"]
    assert page.locator(".chip[aria-pressed=true]").count() == 0
    page.locator(".causes button", has_text="gone.invalid").click()
    assert page.locator("#count").inner_text() == f"{ALL} in all"


def test_videos_are_sorted_by_line_title_status_and_duration(page: Page) -> None:
    page.locator("#search").fill("episode")
    page.locator("#sort").select_option("title")
    assert titles(page)[:3] == ["Episode 1", "Episode 2", "Episode 3"]  # not 1, 10, 11
    page.locator("#search").fill("")
    page.locator("#sort").select_option("status")
    assert page.locator(".card .meta span").first.inner_text() == "Imported"
    page.locator("#sort").select_option("duration")
    lengths = page.locator(".card .length").all_inner_texts()
    assert lengths == sorted(lengths, reverse=True)
    page.locator("#sort").select_option("line")
    assert titles(page)[0] == "Café crème"


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_copy_gives_exactly_the_embed_code(
    page: Page, report: Report, *, has_clipboard: bool
) -> None:
    if not has_clipboard:  # as in some browsers, if the page is a file
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    for title in ("Café crème", "Episode 42", "<script>"):
        found_card = card(page, title)
        name = found_card.locator("h3").inner_text()
        found_card.locator("button", has_text="Copy embed code").click()
        expect(found_card.locator("button").first).to_have_text("Copied ✓")
        assert clipboard(page) == report.lines()[name]["embedCode"]
        assert name in page.locator("#announcement").inner_text()


def test_a_failed_video_has_no_copy_button(page: Page) -> None:
    found_card = card(page, "Lost in transit")
    assert found_card.locator("button").all_inner_texts() == ["Details"]
    assert "host not found" in found_card.inner_text()
    found_card.locator("button").click()
    expect(page.locator("#preview-reason")).to_contain_text("host not found")
    expect(page.locator("#facts")).to_contain_text("gone.invalid")
    assert page.locator("iframe").count() == 0


def test_a_preview_plays_the_video_only_after_a_click(page: Page, seen: Seen) -> None:
    assert not [url for url in seen.requests if "/iframe/" in url]
    card(page, "Café crème").locator("button", has_text="Preview").click()
    expect(page.locator("#preview")).to_be_visible()
    frame = page.frame_locator("#screen iframe")
    video = frame.locator("video")
    video.evaluate("video => { video.muted = true; return video.play(); }")
    expect.set_options(timeout=20_000)
    page.wait_for_timeout(300)
    assert video.evaluate("video => video.currentTime") > 0
    page.keyboard.press("Escape")
    expect(page.locator("#preview")).to_be_hidden()
    assert page.locator("iframe").count() == 0  # the video has stopped


def test_a_title_with_markup_is_shown_as_text(page: Page) -> None:
    found_card = card(page, "<script>")
    assert found_card.locator("h3").inner_text().startswith("<script>document.title")
    assert page.title().endswith(" – import results")
    assert page.locator(".card script, .card img[onerror]").count() == 0


def test_the_content_security_policy_blocks_foreign_content(
    context: BrowserContext, report: Report
) -> None:
    page = context.new_page()
    page.goto(report.url)
    blocked = page.evaluate(
        """async () => {
            const stopped = [];
            document.addEventListener("securitypolicyviolation",
                (event) => stopped.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "document.title = 'run'";
            const image = document.createElement("img");
            image.src = "http://127.0.0.1:1/x.png";
            const frame = document.createElement("iframe");
            frame.src = "http://127.0.0.1:1/";
            document.body.append(script, image, frame);
            await fetch("http://127.0.0.1:1/").catch(() => {});
            await new Promise((done) => setTimeout(done, 300));
            return stopped;
        }"""
    )
    assert sorted(blocked) == ["connect-src", "frame-src", "img-src", "script-src-elem"]
    assert page.title() != "run"


def test_the_page_can_be_used_with_the_keyboard_only(page: Page, report: Report) -> None:
    page.keyboard.press("/")
    page.keyboard.type("ramen")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card .primary')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#announcement")).to_contain_text("🍜 is copied")
    assert clipboard(page) == report.lines()["ラーメンの作り方 🍜"]["embedCode"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#preview")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Preview"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_every_screen_and_is_accessible(
    browser: Browser, report: Report, scheme: str, width: int, tmp_path: Path
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(report.url)
    page.screenshot(path=tmp_path / f"{scheme}-{width}.png")  # for people who check the look
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 246, 248)"
    assert light == (scheme == "light")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    violations = Axe().run(page).response["violations"]
    page.locator("button", has_text="Preview").first.click()
    violations += Axe().run(page, {"exclude": [["iframe"]]}).response["violations"]
    context.close()
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []


def test_the_printed_page_is_a_table(page: Page, tmp_path: Path) -> None:
    page.evaluate(
        "addEventListener('afterprint', () => 0);"
        "addEventListener('beforeprint', () => setTimeout(() => 0));"
        "window.printed = () => [...document.querySelectorAll('#printed tbody tr')].length;"
        "window.most = 0;"
        "new MutationObserver(() => { most = Math.max(most, printed()); })"
        ".observe(document.getElementById('printed'), { childList: true });"
    )
    page.locator(".chip", has_text="Imported").click()
    page.pdf(path=tmp_path / "printed.pdf")
    assert page.evaluate("[most, printed()]") == [64, 0]


def test_the_page_works_without_the_network(browser: Browser, report: Report) -> None:
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(report.url)
    assert page.locator(".lead").inner_text() == "64 of 67 videos are online"
    expect(page.locator(".card").first.locator(".thumb svg")).to_be_visible()  # no broken picture
    context.close()


def test_the_page_shows_the_summary_without_scripts(browser: Browser, report: Report) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.url)
    assert page.locator(".lead").inner_text() == "64 of 67 videos are online"
    expect(page.locator("noscript p")).to_contain_text("results.xlsx")
    expect(page.locator(".tools")).to_be_hidden()
    context.close()


def test_only_visible_rows_of_ten_thousand_are_in_the_document(
    context: BrowserContext, report: Report, tmp_path: Path
) -> None:
    with Store(report.folder / "state.sqlite") as store:
        first = next(store.reader.records())
    records = (first._replace(line=n, filename=f"F{n}", title=f"Row {n}") for n in range(10_000))
    table = results_table(ManifestColumns(), (), Embedding(report.server.address))
    write_html(tmp_path / "many.html", table, records, ReportInfo("many.csv", 0.0))
    page = context.new_page()
    page.goto((tmp_path / "many.html").as_uri())
    for position in (0.0, 0.5, 1.0, 0.2):
        page.evaluate("share => scrollTo(0, share * document.body.scrollHeight)", position)
        page.wait_for_timeout(200)
        assert 8 <= page.locator(".card").count() <= 60
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(".card h3", has_text="Row 9999")).to_be_visible()
    assert page.locator(".card").last.get_attribute("aria-posinset") == "10000"
    page.locator("#search").fill("row 9998")
    assert titles(page) == ["Row 9998"]


# The other columns of the manifest, and many videos at the same time ----------------------------


def test_the_card_shows_the_other_columns_of_the_manifest(page: Page) -> None:
    found_card = card(page, "Café crème")
    expect(found_card.locator(".own")).to_have_text("code: 000 · team: Søren & Co")
    found_card.locator("button", has_text="Preview").click()
    facts = page.locator("#facts dd").all_inner_texts()
    assert facts[-2:] == ["Søren & Co", "000"]


def test_a_long_name_of_a_column_leaves_space_for_the_value(
    context: BrowserContext, report: Report, tmp_path: Path
) -> None:
    written = (report.folder / "results.html").read_text(encoding="utf-8")
    assert written.count('"team"') == 1
    renamed = written.replace('"team"', '"Root Folder (Level 0)"')
    (tmp_path / "renamed.html").write_text(renamed, encoding="utf-8")
    page = context.new_page()
    page.goto((tmp_path / "renamed.html").as_uri())
    own = card(page, "Café crème").locator(".own")
    expect(own).to_have_text("code: 000 · Root Folder…: Søren & Co")
    assert own.get_attribute("title") == "code: 000 · Root Folder (Level 0): Søren & Co"


def test_the_card_shows_the_column_of_the_groups_first(page: Page) -> None:
    page.locator("#column").select_option(label="code")
    expect(card(page, "Café crème").locator(".own")).to_have_text("code: 000 · team: Søren & Co")


def test_the_page_can_show_one_group_of_rows(page: Page) -> None:
    assert page.locator("#group").is_hidden()
    page.locator("#column").select_option(label="team")
    options = page.locator("#group option").all_inner_texts()
    assert options == ["Every team", "(blank) (33)", "Søren & Co (34)"]
    page.locator("#group").select_option(label="Søren & Co (34)")
    assert page.locator("#count").inner_text() == f"34 of {ALL}"
    page.locator("#search").fill("episode example.com/12.")
    assert titles(page) == ["Episode 12"]
    page.locator("#clear").click()
    assert page.locator("#count").inner_text() == f"{ALL} in all"


def test_all_shown_or_selected_embed_codes_are_copied(page: Page, report: Report) -> None:
    page.locator("#search").fill("gone.invalid example.com/1.mp4")
    page.locator("#search").fill("videos.example.com/1")
    shown_titles = titles(page)
    assert len(shown_titles) == 11
    page.locator("#copy-all").click()
    lines = report.lines()
    expect(page.locator("#announcement")).to_contain_text("11 embed codes are copied")
    assert clipboard(page).split("\n") == [lines[title]["embedCode"] for title in shown_titles]
    page.locator(".tick input").nth(2).check()
    page.locator(".tick input").nth(0).check()
    expect(page.locator("#selected")).to_have_text("2 selected")
    page.locator("#search").fill("")  # the selection does not change
    page.locator("#copy-all").click()
    expect(page.locator("#announcement")).to_contain_text("2 embed codes are copied")
    assert clipboard(page).split("\n") == [lines[shown_titles[n]]["embedCode"] for n in (0, 2)]
    page.locator("#select-all").check()
    expect(page.locator("#selected")).to_have_text(f"{ALL} selected")
    page.locator("#select-all").uncheck()
    expect(page.locator("#selected")).to_have_text("Select all shown")


def test_all_shown_rows_are_downloaded_as_a_table_or_as_json(
    page: Page, report: Report, tmp_path: Path
) -> None:
    page.locator("#search").fill("lost")
    with page.expect_download() as download:
        page.locator("#save-csv").click()
    download.value.save_as(tmp_path / "videos.csv")
    rows = list(read_csv(tmp_path / "videos.csv"))
    assert [row["title"] for row in rows] == ["Lost in transit", "Lost again"]
    assert [row["referenceId"] for row in rows] == ["-ref 4", "-ref 5"]
    # Without the apostrophe, a spreadsheet would take this ID for a formula.
    assert "'-ref 4" in (tmp_path / "videos.csv").read_text(encoding="utf-8-sig")
    page.locator("#search").fill("café")
    with page.expect_download() as download:
        page.locator("#save-json").click()
    download.value.save_as(tmp_path / "videos.json")
    (video,) = json.loads((tmp_path / "videos.json").read_text(encoding="utf-8"))
    assert video["embedCode"] == report.lines()["Café crème"]["embedCode"]
    assert (video["team"], video["code"], video["status"]) == ("Søren & Co", "000", "imported")
