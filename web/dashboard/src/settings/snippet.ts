export function snippetFor(origin: string, widget: string): string {
  return `<script src="${escape(origin)}/loader.js" data-widget="${escape(widget)}" async></` + "script>";
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
