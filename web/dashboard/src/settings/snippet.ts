export function snippetFor(origin: string, widget: string): string {
  return `<script src="${escaped(origin)}/loader.js" data-widget="${escaped(widget)}" async></script>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
