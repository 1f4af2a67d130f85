//! Security modules (`security/lsm_syscalls.c`): there is the one for capabilities, and it has no attributes.

use crate::dispatch::Call;
use crate::table::Ptr;
use host::layout::PAGE_SIZE;
use host::{Errno, Result, user};

/// `LSM_ID_CAPABILITY`.
const CAPABILITY: u64 = 100;
/// `struct lsm_ctx` without its text: id, flags, length, length of the text.
type Context = [u64; 4];

/// `lsm_list_modules(2)`.
pub fn lsm_list_modules(_call: &mut Call<'_>, ids: Ptr, size: Ptr, flags: u32) -> Result<usize> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let room: u32 = user::read(size.0)?;
    let need = size_of::<u64>() as u32;
    user::write(size.0, &need)?;
    if room < need {
        return Err(Errno::E2BIG);
    }
    user::write(ids.0, &CAPABILITY)?;
    Ok(1)
}

/// `lsm_get_self_attr(2)`.
pub fn lsm_get_self_attr(_call: &mut Call<'_>, attr: u32, context: Ptr, size: Ptr, flags: u32) -> Result<usize> {
    const SINGLE: u32 = 1;
    if attr == 0 || size.0 == 0 {
        return Err(Errno::EINVAL);
    }
    let _room: u32 = user::read(size.0)?;
    if flags != 0 {
        if flags != SINGLE || context.0 == 0 {
            return Err(Errno::EINVAL);
        }
        let wanted: Context = user::read(context.0)?;
        if wanted[0] == 0 {
            return Err(Errno::EINVAL);
        }
    }
    user::write(size.0, &0u32)?;
    Err(Errno::EOPNOTSUPP)
}

/// `lsm_set_self_attr(2)`.
pub fn lsm_set_self_attr(_call: &mut Call<'_>, _attr: u32, context: Ptr, size: u32, flags: u32) -> Result<usize> {
    let size = size as usize;
    if flags != 0 || size < size_of::<Context>() {
        return Err(Errno::EINVAL);
    }
    if size > PAGE_SIZE {
        return Err(Errno::E2BIG);
    }
    let new: Context = user::read(context.0)?;
    let fits = new[3].checked_add(size_of::<Context>() as u64).is_some_and(|n| n <= new[2]);
    if (size as u64) < new[2] || !fits { Err(Errno::EINVAL) } else { Err(Errno::EOPNOTSUPP) }
}
