//! Every fault of an impl block in one go, so that nobody mends them one compilation at a time.

/// The faults found so far.
#[derive(Default)]
pub struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds a fault.
    pub fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Adds the fault of a result, where it has one.
    pub fn note<T>(&mut self, result: &syn::Result<T>) {
        if let Err(error) = result {
            self.push(error.clone());
        }
    }

    /// Every fault found, or nothing where all is well.
    pub fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
