/**
 * How pages look: one column on a phone, two on a desk, light or dark as the reader's system is.
 *
 * @module
 */

/** The pages' CSS. */
export const STYLE = /* css */ `
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #fff; --ink: #1f2328; --soft: #5c646d; --line: #dfe3e8; --grid: #eceff2;
  --c1: #0b66c3; --c2: #c2500a; --c3: #1a7f47; --c4: #8a3ffc; --c5: #b0235f; --c6: #7a6400;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0d1117; --card: #151b23; --ink: #e6edf3; --soft: #9ba4ae; --line: #2b333d;
    --grid: #222a34;
    --c1: #58a6ff; --c2: #f0883e; --c3: #4cc38a; --c4: #b98eff; --c5: #ff7eb6; --c6: #d9b830;
  }
}
* { box-sizing: border-box }
[hidden] { display: none !important }
body {
  margin: 0 auto; padding: clamp(12px, 3vw, 32px); max-width: 1120px;
  background: var(--back); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin-bottom: 16px }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 1.05rem; margin: 0 0 10px }
header p { margin: 0; color: var(--soft); flex-basis: 100% }
#status {
  font-size: .8rem; color: var(--soft); border: 1px solid var(--line); border-radius: 99px;
  padding: 1px 10px;
}
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 0;
  padding: 14px 16px; min-width: 0;
}
#tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)) }
#tiles:empty { display: none }
#tiles, #charts { margin: 0 0 12px }
#tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px }
#tiles dt { color: var(--soft); font-size: .82rem }
#tiles dd { margin: 0; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums }
#tiles dd + dd { font-size: .8rem; font-weight: 400; color: var(--soft) }
#charts, .rest { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr) }
@media (min-width: 760px) {
  #charts, .rest { grid-template-columns: repeat(2, minmax(0, 1fr)) }
  .wide { grid-column: 1 / -1 }
  #samples { grid-row: span 2 }
}
figcaption { display: flex; align-items: center; gap: 10px; min-height: 28px; margin-bottom: 6px }
.title { font-weight: 600 }
.at { color: var(--soft); font-size: .85rem; margin-left: auto; font-variant-numeric: tabular-nums }
button { font: inherit; color: inherit; background: none; border: 1px solid transparent; cursor: pointer }
.toggle { font-size: .8rem; border-color: var(--line); border-radius: 8px; padding: 3px 10px; color: var(--soft) }
.toggle[aria-pressed=true] { color: var(--card); background: var(--soft); border-color: var(--soft) }
:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; border-radius: 6px }
.names { display: flex; flex-wrap: wrap; gap: 2px 6px; margin: 4px 0 0 -8px }
.name {
  display: flex; align-items: center; gap: 6px; padding: 3px 8px; border-radius: 8px;
  font-size: .85rem; max-width: 100%;
}
.name span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.name:hover { background: var(--grid) }
.name::before { content: ""; width: 10px; height: 10px; border-radius: 3px; background: var(--dot); flex: none }
.name.faint::before { opacity: .45 }
.name[aria-pressed=false] { opacity: .5; text-decoration: line-through }
.name output { font-variant-numeric: tabular-nums; font-weight: 600 }
.plot { overflow: hidden }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.u-select { background: color-mix(in srgb, var(--c1) 16%, transparent) }
.u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--soft) }
#samples img {
  display: block; width: 100%; max-width: 560px; margin: 0 auto; image-rendering: pixelated;
  border-radius: 8px; background: var(--grid);
}
#samples label { display: flex; align-items: center; gap: 12px; margin-top: 10px }
#samples input { flex: 1; min-width: 0; height: 32px; accent-color: var(--c1) }
#samples output { min-width: 7em; font-size: .85rem; color: var(--soft); font-variant-numeric: tabular-nums }
.pictures { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(240px, 100%), 1fr)) }
.pictures figure { margin: 0 }
.pictures img { width: 100%; image-rendering: pixelated; border-radius: 8px; display: block }
.pictures figcaption { font-size: .85rem; color: var(--soft); overflow-wrap: anywhere }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: 4px 16px 4px 0; border-top: 1px solid var(--line); vertical-align: top }
thead th { border-top: 0 }
th { font-weight: 400; color: var(--soft) }
td { overflow-wrap: anywhere; min-width: 7em }
.facts { margin: 0; display: grid; gap: 0 28px; grid-template-columns: repeat(auto-fill, minmax(min(250px, 100%), 1fr)); font-size: .88rem }
.facts.long { grid-template-columns: 1fr }
.facts div { display: flex; gap: 12px; justify-content: space-between; padding: 4px 0; border-bottom: 1px solid var(--line) }
.facts dt { color: var(--soft) }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere }
`;
