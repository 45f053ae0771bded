//! Widgets: one verb per file.

mod change;
mod published;

pub use change::WidgetChange;
pub(crate) use published::Directory;
pub use published::Published;
