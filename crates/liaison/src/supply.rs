//! Supplies and equipment: what came in, who was given what and signed for it, what came back. No stock is
//! ever below nothing.
//!
//! Pure: a stock, what somebody holds and a move go in, the stock after it or a refusal comes out.

pub mod http;
pub mod store;

use kernel::words;

/// The most of one move.
pub const LARGEST: i64 = 100_000;

words! {
    /// What it is.
    SupplyKind {
        /// 办公用品
        Consumable = "consumable",
        /// 设备
        Equipment = "equipment",
    }
}

words! {
    /// What happened to it.
    SupplyMoveKind {
        /// 入库
        Receive = "receive",
        /// 领用
        Issue = "issue",
        /// 归还
        Return = "return",
        /// 报废、盘亏
        WriteOff = "write_off",
    }
}

kernel::refusals! {
    /// Why something cannot be done.
    Refusal {
        /// There is not so much.
        Short(stock: i64) = "supply_short", format!("has a stock of {stock}"), "receive more first";
        /// He does not hold so much.
        NotHeld(held: i64) = "supply_not_held", format!("is held by him with {held}");
        /// So many cannot be.
        Quantity = "supply_quantity", "moves by 1 to 100,000";
    }
}

/// The stock after a move; `held` is what the person holds who brings something back.
pub fn moved(stock: i64, held: i64, kind: SupplyMoveKind, quantity: i64) -> Result<i64, Refusal> {
    if !(1..=LARGEST).contains(&quantity) {
        return Err(Refusal::Quantity);
    }
    match kind {
        SupplyMoveKind::Issue | SupplyMoveKind::WriteOff if quantity > stock => {
            Err(Refusal::Short(stock))
        }
        SupplyMoveKind::Issue | SupplyMoveKind::WriteOff => Ok(stock - quantity),
        SupplyMoveKind::Return if quantity > held => Err(Refusal::NotHeld(held)),
        SupplyMoveKind::Receive | SupplyMoveKind::Return => Ok(stock + quantity),
    }
}
