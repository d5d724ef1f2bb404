;; The most expensive parts of a decoder: matrix products, four rows and eight columns at a time; SiLU; and sums.
;;
;; The left matrix is not stored. `inputs` holds four addresses for each block of four rows and each tap; a row consists
;; of the `channels` numbers at each of its taps, one tap after the other. A dense layer has one tap. A transposed
;; convolution of kernel 4 and stride 2 has four, and a 3×3 convolution nine: the input pixels of one output pixel. This
;; is the "indirect" convolution of Dukhan (2019), arXiv:1907.02129, which copies no patches.
;; The right matrix is stored in panels of eight columns: eight numbers for each of the taps · channels rows.
;; `outputs` holds the address of each row of the result, written panel by panel and clipped below at `floor` (0: ReLU).
(module
  (import "explorer" "memory" (memory 1))
  (func (export "multiply")
    (param $inputs i32) (param $outputs i32) (param $blocks i32) (param $taps i32) (param $channels i32)
    (param $weights i32) (param $bias i32) (param $panels i32) (param $floor f32)
    (local $panel i32) (local $block i32) (local $tap i32) (local $left i32)
    (local $in i32) (local $out i32) (local $w i32)
    (local $r0 i32) (local $r1 i32) (local $r2 i32) (local $r3 i32)
    (local $b0 v128) (local $b1 v128) (local $x v128) (local $low v128)
    (local $s00 v128) (local $s01 v128) (local $s10 v128) (local $s11 v128)
    (local $s20 v128) (local $s21 v128) (local $s30 v128) (local $s31 v128)
    (local.set $low (f32x4.splat (local.get $floor)))
    (loop $each_panel
      (local.set $in (local.get $inputs))
      (local.set $out (local.get $outputs))
      (local.set $block (local.get $blocks))
      (loop $each_block
        (local.set $w (local.get $weights))
        (local.set $s00 (v128.load (local.get $bias)))
        (local.set $s01 (v128.load offset=16 (local.get $bias)))
        (local.set $s10 (local.get $s00)) (local.set $s11 (local.get $s01))
        (local.set $s20 (local.get $s00)) (local.set $s21 (local.get $s01))
        (local.set $s30 (local.get $s00)) (local.set $s31 (local.get $s01))
        (local.set $tap (local.get $taps))
        (loop $each_tap
          (local.set $r0 (i32.load (local.get $in)))
          (local.set $r1 (i32.load offset=4 (local.get $in)))
          (local.set $r2 (i32.load offset=8 (local.get $in)))
          (local.set $r3 (i32.load offset=12 (local.get $in)))
          (local.set $in (i32.add (local.get $in) (i32.const 16)))
          (local.set $left (local.get $channels))
          (loop $each_channel
            (local.set $b0 (v128.load (local.get $w)))
            (local.set $b1 (v128.load offset=16 (local.get $w)))
            (local.set $x (v128.load32_splat (local.get $r0)))
            (local.set $s00 (f32x4.add (local.get $s00) (f32x4.mul (local.get $x) (local.get $b0))))
            (local.set $s01 (f32x4.add (local.get $s01) (f32x4.mul (local.get $x) (local.get $b1))))
            (local.set $x (v128.load32_splat (local.get $r1)))
            (local.set $s10 (f32x4.add (local.get $s10) (f32x4.mul (local.get $x) (local.get $b0))))
            (local.set $s11 (f32x4.add (local.get $s11) (f32x4.mul (local.get $x) (local.get $b1))))
            (local.set $x (v128.load32_splat (local.get $r2)))
            (local.set $s20 (f32x4.add (local.get $s20) (f32x4.mul (local.get $x) (local.get $b0))))
            (local.set $s21 (f32x4.add (local.get $s21) (f32x4.mul (local.get $x) (local.get $b1))))
            (local.set $x (v128.load32_splat (local.get $r3)))
            (local.set $s30 (f32x4.add (local.get $s30) (f32x4.mul (local.get $x) (local.get $b0))))
            (local.set $s31 (f32x4.add (local.get $s31) (f32x4.mul (local.get $x) (local.get $b1))))
            (local.set $r0 (i32.add (local.get $r0) (i32.const 4)))
            (local.set $r1 (i32.add (local.get $r1) (i32.const 4)))
            (local.set $r2 (i32.add (local.get $r2) (i32.const 4)))
            (local.set $r3 (i32.add (local.get $r3) (i32.const 4)))
            (local.set $w (i32.add (local.get $w) (i32.const 32)))
            (br_if $each_channel (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
          (br_if $each_tap (local.tee $tap (i32.sub (local.get $tap) (i32.const 1)))))
        (local.set $r0 (i32.add (i32.load (local.get $out)) (local.get $panel)))
        (local.set $r1 (i32.add (i32.load offset=4 (local.get $out)) (local.get $panel)))
        (local.set $r2 (i32.add (i32.load offset=8 (local.get $out)) (local.get $panel)))
        (local.set $r3 (i32.add (i32.load offset=12 (local.get $out)) (local.get $panel)))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (v128.store (local.get $r0) (f32x4.max (local.get $s00) (local.get $low)))
        (v128.store offset=16 (local.get $r0) (f32x4.max (local.get $s01) (local.get $low)))
        (v128.store (local.get $r1) (f32x4.max (local.get $s10) (local.get $low)))
        (v128.store offset=16 (local.get $r1) (f32x4.max (local.get $s11) (local.get $low)))
        (v128.store (local.get $r2) (f32x4.max (local.get $s20) (local.get $low)))
        (v128.store offset=16 (local.get $r2) (f32x4.max (local.get $s21) (local.get $low)))
        (v128.store (local.get $r3) (f32x4.max (local.get $s30) (local.get $low)))
        (v128.store offset=16 (local.get $r3) (f32x4.max (local.get $s31) (local.get $low)))
        (br_if $each_block (local.tee $block (i32.sub (local.get $block) (i32.const 1)))))
      (local.set $weights (local.get $w))
      (local.set $bias (i32.add (local.get $bias) (i32.const 32)))
      (local.set $panel (i32.add (local.get $panel) (i32.const 32)))
      (br_if $each_panel (i32.lt_u (local.get $panel) (i32.shl (local.get $panels) (i32.const 5))))))

  ;; x/(1 + exp(−x)) of `count` numbers, four at a time. exp is 2^n · exp(r), with r between −ln 2/2 and ln 2/2, where
  ;; six terms of its series are exact to the last digits of single precision.
  (func (export "silu") (param $from i32) (param $to i32) (param $count i32)
    (local $x v128) (local $n v128) (local $r v128) (local $p v128)
    (loop $each_four
      (local.set $x (v128.load (local.get $from)))
      (local.set $r
        (f32x4.max (f32x4.min (f32x4.neg (local.get $x)) (f32x4.splat (f32.const 87))) (f32x4.splat (f32.const -87))))
      (local.set $n (f32x4.nearest (f32x4.mul (local.get $r) (f32x4.splat (f32.const 1.4426950408889634)))))
      ;; ln 2 in two parts, of which the first times any n is exact.
      (local.set $r
        (f32x4.sub
          (f32x4.sub (local.get $r) (f32x4.mul (local.get $n) (f32x4.splat (f32.const 0.693359375))))
          (f32x4.mul (local.get $n) (f32x4.splat (f32.const -0.00021219444)))))
      (local.set $p (f32x4.splat (f32.const 0.0013888889)))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 0.008333334))))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 0.041666668))))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 0.16666667))))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 0.5))))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 1))))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 1))))
      (local.set $p
        (f32x4.mul (local.get $p)
          (i32x4.shl
            (i32x4.add (i32x4.trunc_sat_f32x4_s (local.get $n)) (i32x4.splat (i32.const 127))) (i32.const 23))))
      (v128.store (local.get $to)
        (f32x4.div (local.get $x) (f32x4.add (f32x4.splat (f32.const 1)) (local.get $p))))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $each_four (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0)))))

  ;; Sums of `count` pairs of numbers, four at a time.
  (func (export "add") (param $one i32) (param $other i32) (param $to i32) (param $count i32)
    (loop $each_four
      (v128.store (local.get $to) (f32x4.add (v128.load (local.get $one)) (v128.load (local.get $other))))
      (local.set $one (i32.add (local.get $one) (i32.const 16)))
      (local.set $other (i32.add (local.get $other) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $each_four (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0)))))
)
