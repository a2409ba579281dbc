//! The type of a handler, by which a repeated registration is recognized.

use std::any::{TypeId, type_name};

/// The type of a handler. Each function and each closure in the source code has its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HandlerType {
    id: TypeId,
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// A function or a closure without captured values.
    Function,
    /// A closure that may have captured other values than another one of its type.
    Closure,
    /// A pointer, whose type several functions share.
    Pointer,
}

/// A registered handler, whose type is otherwise erased.
pub(crate) trait HasHandlerType {
    fn handler_type(&self) -> TypeId;
}

impl HandlerType {
    pub(crate) fn of<H: 'static>() -> Self {
        let name = type_name::<H>();
        let pointers = ["fn(", "for<", "unsafe ", "extern "];
        let is_pointer = pointers.iter().any(|start| name.starts_with(start));
        let kind = match size_of::<H>() {
            0 => Kind::Function,
            _ if is_pointer => Kind::Pointer,
            _ => Kind::Closure,
        };
        Self {
            id: TypeId::of::<H>(),
            name,
            kind,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the number of these handlers that have this type.
    pub(crate) fn count<'a, L: HasHandlerType + 'a>(
        &self,
        handlers: impl IntoIterator<Item = &'a L>,
    ) -> usize {
        let types = handlers.into_iter().map(L::handler_type);
        types.filter(|id| *id == self.id).count()
    }

    /// Returns whether a second registration is a mistake. Closures with different captured values
    /// may be registered when the server starts, but not while it serves clients.
    pub(crate) fn is_repeated(&self, serves_clients: impl FnOnce() -> bool) -> bool {
        match self.kind {
            Kind::Function => true,
            Kind::Closure => serves_clients(),
            Kind::Pointer => false,
        }
    }
}
